package diagnose

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/deletion"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// midday is the time of the clusters in testdata/workload.
var midday = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// workloadFile is a file of testdata/workload: a cluster, and cases that each change it.
type workloadFile struct {
	// Of is the object that is explained, "Kind namespace/name".
	Of    string           `json:"of"`
	Base  []map[string]any `json:"base"`
	Cases []workloadCase   `json:"cases"`
}

type workloadCase struct {
	Name string `json:"name"`
	Of   string `json:"of"`
	// Objects are merged into those of the base, or added.
	Objects   []map[string]any `json:"objects"`
	Drop      []string         `json:"drop"`
	Forbidden []string         `json:"forbidden"`
	// Failing means that an object above has failed.
	Failing bool `json:"failing"`

	Status health.Status `json:"status"`
	// Causes are "CODE Kind namespace/name Reason".
	Causes []string `json:"causes"`
	// Path is the path of the first cause. Proof and Fix must be among its evidence
	// ("Kind namespace/name field = value") and fixes (a command, or the beginning of a
	// text). FirstFix must be the first fix, and no fix may contain one of NoFix.
	Path     []string `json:"path"`
	Proof    []string `json:"proof"`
	FirstFix string   `json:"firstFix"`
	Fix      []string `json:"fix"`
	NoFix    []string `json:"noFix"`
	// Direct examines the object as one that is being deleted, for kinds without an explainer.
	Direct  bool     `json:"direct"`
	Unknown []string `json:"unknown"`
}

// workloadAsked are the kinds that are requested from the cases' clusters.
var workloadAsked = []schema.GroupKind{
	object.KustomizationKind, object.HelmReleaseKind, object.NamespaceKind, object.DeploymentKind, object.StatefulSetKind,
	object.DaemonSetKind, object.ReplicaSetKind, object.JobKind, object.CronJobKind, object.PodKind, object.EventKind, object.ServiceKind, object.NodeKind,
	object.ClaimKind, object.VolumeKind, object.StorageClassKind, object.QuotaKind, object.AutoscalerKind, object.APIServiceKind, object.CertificateKind,
	object.RequestKind, object.IssuerKind, object.ClusterIssuerKind, object.SecretKind, {Kind: "ConfigMap"}, {Kind: "ServiceAccount"},
	object.AttachmentKind, object.DriverKind, object.BudgetKind, object.RevisionKind, object.MutatingWebhookKind, object.EndpointSliceKind, object.LeaseKind, object.DefinitionKind, {Group: "acme.example", Kind: "Database"},
}

func readWorkloads(tb testing.TB) map[string]workloadFile {
	tb.Helper()
	return readClusters(tb, "testdata/workload/*.yaml")
}

func readClusters(tb testing.TB, glob string) map[string]workloadFile {
	tb.Helper()
	paths, err := filepath.Glob(glob)
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no cases: %v", err)
	}
	files := map[string]workloadFile{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		var f workloadFile
		if err := yaml.UnmarshalStrict(text, &f); err != nil {
			tb.Fatalf("%s: %v", path, err)
		}
		files[strings.TrimSuffix(filepath.Base(path), ".yaml")] = f
	}
	return files
}

func (c workloadCase) snapshot(tb testing.TB, base []map[string]any) *snapshot.Snapshot {
	return clusterOf(c.cluster(tb, base), c.Forbidden)
}

// cluster returns the base with the case's changes.
func (c workloadCase) cluster(tb testing.TB, base []map[string]any) []map[string]any {
	byRef := map[string]map[string]any{}
	for _, obj := range slices.Concat(base, c.Objects) {
		obj = decoded(tb, obj)
		ref := object.RefOf(&unstructured.Unstructured{Object: obj}).String()
		if have := byRef[ref]; have != nil {
			mergePatch(have, obj)
		} else {
			byRef[ref] = obj
		}
	}
	for _, drop := range c.Drop {
		if byRef[drop] == nil {
			tb.Fatalf("there is no %s to drop", drop)
		}
		delete(byRef, drop)
	}
	return slices.Collect(maps.Values(byRef))
}

// clusterOf returns a cluster in which the kinds can't be read.
func clusterOf(objects []map[string]any, forbidden []string) *snapshot.Snapshot {
	return clusterAsked(workloadAsked, objects, forbidden)
}

func clusterAsked(kinds []schema.GroupKind, objects []map[string]any, forbidden []string) *snapshot.Snapshot {
	builder := snapshot.NewBuilder()
	byKind := map[schema.GroupKind][]*unstructured.Unstructured{}
	for _, obj := range objects {
		u := &unstructured.Unstructured{Object: obj}
		byKind[u.GroupVersionKind().GroupKind()] = append(byKind[u.GroupVersionKind().GroupKind()], u)
	}
	for _, kind := range kinds {
		requested := snapshot.Request{Group: kind.Group, Kind: kind.Kind, Resource: object.PluralOf(kind.Kind)}
		if slices.Contains(forbidden, kind.Kind) {
			requested.Failure = &snapshot.Failure{Reason: snapshot.Forbidden, Verb: "list", Resource: requested.Resource}
			builder.Add(requested)
			continue
		}
		builder.Add(requested, byKind[kind]...)
	}
	return builder.Build(snapshot.Meta{At: midday})
}

// decoded returns a copy with Kubernetes' own number types.
func decoded(tb testing.TB, obj map[string]any) map[string]any {
	tb.Helper()
	text, err := json.Marshal(obj)
	if err != nil {
		tb.Fatal(err)
	}
	fresh := map[string]any{}
	if err := json.Unmarshal(text, &fresh); err != nil {
		tb.Fatal(err)
	}
	return fresh
}

// mergePatch applies a JSON merge patch (RFC 7386).
func mergePatch(into, patch map[string]any) {
	for key, value := range patch {
		below, isMap := value.(map[string]any)
		switch have, ok := into[key].(map[string]any); {
		case ok && isMap:
			mergePatch(have, below)
		case value == nil:
			delete(into, key)
		default:
			into[key] = value
		}
	}
}

func TestWorkloads(t *testing.T) {
	for name, file := range readWorkloads(t) {
		for _, c := range file.Cases {
			t.Run(name+"/"+c.Name, func(t *testing.T) {
				if c.Of == "" {
					c.Of = file.Of
				}
				snap := c.snapshot(t, file.Base)
				x := newContext(snap, tenant.Discover(snap))
				c.check(t, x, refNamed(t, snap, c.Of))
			})
		}
	}
}

// refNamed returns the object with that name.
func refNamed(t *testing.T, snap *snapshot.Snapshot, name string) object.Ref {
	t.Helper()
	for _, requested := range snap.Requests() {
		for _, obj := range snap.List(requested.GroupKind(), "").Objects {
			if ref := object.RefOf(obj); ref.String() == name {
				return ref
			}
		}
	}
	t.Fatalf("there is no %s", name)
	return object.Ref{}
}

// explainAsDeleted explains one object as an object that is being deleted.
func explainAsDeleted(x *engine.Context, of object.Ref) {
	others := x.Registry.ByKind[of.GroupKind()]
	if others == nil {
		others = x.Registry.Other
	}
	x.Registry.ByKind[of.GroupKind()] = func(x *engine.Context, obj *unstructured.Unstructured, failing bool) engine.Result {
		if object.RefOf(obj).Same(of) {
			return deletion.ExplainTerminating(x, obj, failing)
		}
		return others(x, obj, failing)
	}
}

func (c workloadCase) check(t *testing.T, x *engine.Context, of object.Ref) {
	if c.Direct {
		explainAsDeleted(x, of)
	}
	if got := x.Examine(of, c.Failing).Verdict.Status; got != c.Status {
		t.Errorf("it is %s, want %s", got, c.Status)
	}
	out := engine.NewWalk(x).From(of, c.Failing)
	var causes, unknown, proof, path []string
	var reported []finding.Finding
	for _, cause := range out.Causes {
		causes = append(causes, string(cause.Code)+" "+cause.Ref.String()+" "+cause.Reason)
		reported = append(reported, cause.Finding)
	}
	compareMessages(t, reported)
	for _, why := range out.Unknown {
		unknown = append(unknown, why.String())
	}
	same(t, "causes", causes, c.Causes)
	same(t, "unknown", unknown, c.Unknown)
	if len(out.Causes) == 0 {
		return
	}
	first := out.Causes[0]
	for _, e := range first.Evidence {
		proof = append(proof, e.Ref.String()+" "+e.Field+" = "+e.Value)
	}
	for _, step := range first.Path {
		path = append(path, step.Ref.Short())
	}
	among(t, "evidence", proof, c.Proof)
	c.checkFixes(t, first.Fixes)
	if c.Path != nil {
		same(t, "path", path, c.Path)
	}
}

func (c workloadCase) checkFixes(t *testing.T, fixes []finding.Fix) {
	t.Helper()
	is := func(f finding.Fix, want string) bool { return f.Command == want || strings.HasPrefix(f.Text, want) }
	if c.FirstFix != "" && (len(fixes) == 0 || !is(fixes[0], c.FirstFix)) {
		t.Errorf("fixes: %q\nwant first: %s", fixes, c.FirstFix)
	}
	for _, want := range c.Fix {
		if !slices.ContainsFunc(fixes, func(f finding.Fix) bool { return is(f, want) }) {
			t.Errorf("fixes: %q\nhave no: %s", fixes, want)
		}
	}
	for _, no := range c.NoFix {
		for _, f := range fixes {
			if strings.Contains(f.Text+"\n"+f.Command+"\n"+f.File, no) {
				t.Errorf("fix %q has %q in it", f, no)
			}
		}
	}
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n  %s\nwant:\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func among(t *testing.T, what string, got, want []string) {
	t.Helper()
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("%s:\n  %s\nhas no:\n  %s", what, strings.Join(got, "\n  "), w)
		}
	}
}
