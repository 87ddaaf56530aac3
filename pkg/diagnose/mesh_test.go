package diagnose

import (
	"fmt"
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

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/refusal"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// noon is the time of the snapshots in testdata/mesh.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// meshAsked are the kinds that are requested for these snapshots, except for those that a
// scenario names.
var meshAsked = []schema.GroupKind{
	object.KustomizationKind, object.HelmReleaseKind, object.NamespaceKind, object.EventKind,
	object.DeploymentKind, object.StatefulSetKind, object.DaemonSetKind, object.PodKind, object.QuotaKind,
	object.ServiceKind, object.EndpointSliceKind, object.SecretKind,
	object.CertificateKind, object.RequestKind, object.IssuerKind, object.ClusterIssuerKind,
	object.GatewayKind, object.VirtualServiceKind, object.ServiceEntryKind, object.AutoscalerKind, object.DestinationRuleKind, object.ReplicaSetKind,
	object.APIGatewayKind, object.GatewayClassKind, object.HTTPRouteKind, object.GRPCRouteKind, object.TLSRouteKind, object.TCPRouteKind,
	object.ReferenceGrantKind, object.IngressKind, object.IngressClassKind,
	object.ValidatingWebhookKind, object.MutatingWebhookKind, object.APIServiceKind, object.DefinitionKind,
}

// meshScenario is a small cluster, and the expected findings about its first object, or about
// an error of the API server for that object.
type meshScenario struct {
	Name      string           `json:"name"`
	Objects   []map[string]any `json:"objects"`
	Forbidden []string         `json:"forbidden"`
	NotAsked  []string         `json:"notAsked"`
	Failing   bool             `json:"failing"`
	Message   string           `json:"message"`
	Want      meshWant         `json:"want"`
}

// meshWant has findings as "code, object reason", objects as "kind namespace/name", and
// unreadable objects by resource.
type meshWant struct {
	Status   health.Status `json:"status"`
	Findings []string      `json:"findings"`
	Fallback []string      `json:"fallback"`
	Blame    []string      `json:"blame"`
	Unknown  []string      `json:"unknown"`
	// Causes are the results of a walk from the object, as "code, object", and can be checked
	// alone.
	Causes []string `json:"causes"`
	// Fix is the text of the first finding's first fix.
	Fix string `json:"fix"`
	// Proof is the value of a piece of evidence of the first finding.
	Proof string `json:"proof"`
}

func (s meshScenario) snapshot() *snapshot.Snapshot {
	builder := snapshot.NewBuilder()
	for _, gk := range meshAsked {
		question := snapshot.Request{Group: gk.Group, Version: "v1", Kind: gk.Kind, Resource: object.PluralOf(gk.Kind)}
		if gk == object.HelmReleaseKind {
			question.Version = "v2"
		}
		if slices.Contains(s.NotAsked, gk.Kind) {
			continue
		}
		if slices.Contains(s.Forbidden, gk.Kind) {
			question.Failure = &snapshot.Failure{Reason: snapshot.Forbidden, Verb: "list", Resource: question.Resource}
			builder.Add(question)
			continue
		}
		builder.Add(question, s.objects(gk)...)
	}
	return builder.Build(snapshot.Meta{At: noon})
}

// objects are copies, because a Builder takes ownership of its input.
func (s meshScenario) objects(gk schema.GroupKind) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, obj := range s.Objects {
		obj := &unstructured.Unstructured{Object: obj}
		if object.RefOf(obj).GroupKind() == gk {
			found = append(found, obj.DeepCopy())
		}
	}
	return found
}

func meshScenarios(t testing.TB, file string) []meshScenario {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []meshScenario
	if err := yaml.UnmarshalStrict(text, &all); err != nil { // for misspelt keys
		t.Fatalf("%s: %v", file, err)
	}
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	all = nil
	if err := json.Unmarshal(asJSON, &all); err != nil { // keeps integers, as a live cluster does
		t.Fatal(err)
	}
	return all
}

func TestMesh(t *testing.T) {
	files, err := filepath.Glob("testdata/mesh/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		for _, s := range meshScenarios(t, file) {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml")+"/"+s.Name, func(t *testing.T) { s.test(t) })
		}
	}
}

func (s meshScenario) test(t *testing.T) {
	snap := s.snapshot()
	x := newContext(snap, tenant.Discover(snap))
	ref := object.RefOf(&unstructured.Unstructured{Object: s.Objects[0]})
	if s.Want.Causes != nil {
		var causes []string
		for _, c := range engine.NewWalk(x).From(ref, s.Failing).Causes {
			causes = append(causes, fmt.Sprintf("%s, %s", c.Code, c.Ref))
		}
		compare(t, "causes", causes, s.Want.Causes)
		return
	}
	var got engine.Result
	if s.Message != "" {
		got.Findings, got.Blame = refusal.ExplainAPIError(x, ref, s.Message, noon)
	} else {
		got = x.Examine(ref, s.Failing)
	}
	if got.Verdict.Status != s.Want.Status {
		t.Errorf("status %q, want %q", got.Verdict.Status, s.Want.Status)
	}
	compare(t, "findings", written(got.Findings), s.Want.Findings)
	compare(t, "fallback", written(got.Fallback), s.Want.Fallback)
	var blame, unknown []string
	for _, ref := range got.Blame {
		blame = append(blame, ref.String())
	}
	for _, why := range got.Unknown {
		unknown = append(unknown, why.Resource)
	}
	compare(t, "blame", blame, s.Want.Blame)
	compare(t, "unknown", unknown, s.Want.Unknown)
	s.proofs(t, append(got.Findings, got.Fallback...))
	compareMessages(t, append(got.Findings, got.Fallback...))
	for _, f := range append(got.Findings, got.Fallback...) {
		readBack(t, snap, f)
	}
}

// proofs checks the required fields of every finding, and the scenario's expectations for the
// first.
func (s meshScenario) proofs(t *testing.T, all []finding.Finding) {
	for _, f := range all {
		if len(f.Evidence) == 0 || len(f.Fixes) == 0 || f.Severity == "" || f.Ref.Kind == "" {
			t.Errorf("%s lacks something: %+v", f.Code, f)
		}
		if strings.HasSuffix(f.Message, ".") || strings.Contains(f.Message, "\n") {
			t.Errorf("%s is no plain sentence: %q", f.Code, f.Message)
		}
	}
	if s.Want.Fix != "" && (len(all) == 0 || all[0].Fixes[0].Text != s.Want.Fix) {
		t.Errorf("fix of %+v, want %q", all, s.Want.Fix)
	}
	proves := func(e finding.Evidence) bool { return e.Value == s.Want.Proof }
	if s.Want.Proof != "" && (len(all) == 0 || !slices.ContainsFunc(all[0].Evidence, proves)) {
		t.Errorf("no proof %q in %+v", s.Want.Proof, all)
	}
}

func written(findings []finding.Finding) []string {
	var all []string
	for _, f := range findings {
		all = append(all, fmt.Sprintf("%s, %s %s", f.Code, f.Ref, f.Reason))
	}
	return all
}

func compare(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}
