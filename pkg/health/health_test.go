package health

import (
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

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// noon is the time of every snapshot in these tests.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// requested are the kinds that are requested from a test's cluster.
var requested = []schema.GroupKind{
	object.KustomizationKind, object.HelmReleaseKind, object.GitRepositoryKind, object.OCIRepositoryKind, object.BucketKind, object.ExternalArtifactKind,
	object.DeploymentKind, object.StatefulSetKind, object.PodKind, object.ServiceKind, object.EventKind, object.LeaseKind,
	object.CertificateKind, object.IssuerKind, object.ClusterIssuerKind, object.GatewayKind, object.VirtualServiceKind,
	object.IngressKind, object.GatewayClassKind, object.APIGatewayKind, object.HTTPRouteKind, object.GRPCRouteKind, object.TLSRouteKind, object.TCPRouteKind, object.UDPRouteKind,
}

// scenario is one entry of a file in testdata: a cluster, and the expected verdict on its first
// object.
type scenario struct {
	Name      string           `json:"name"`
	Objects   []map[string]any `json:"objects"`
	Forbidden []string         `json:"forbidden"`
	// Of names the object to judge if it is not the first one.
	Of   *object.Ref `json:"of"`
	Want expectation `json:"want"`
	// Others are further verdicts, by the name of the object.
	Others map[string]expectation `json:"others"`
}

type expectation struct {
	Status  Status    `json:"status"`
	Reason  string    `json:"reason"`
	Message string    `json:"message"`
	Since   time.Time `json:"since"`
	// WaitsFor are the names, with the namespace if it is another.
	WaitsFor []string `json:"waitsFor"`
	Renewing bool     `json:"renewing"`
}

func (s scenario) snapshot() *snapshot.Snapshot {
	builder := snapshot.NewBuilder()
	for _, gk := range requested {
		question := snapshot.Request{Group: gk.Group, Kind: gk.Kind, Resource: object.PluralOf(gk.Kind)}
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
func (s scenario) objects(gk schema.GroupKind) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, obj := range s.Objects {
		obj := &unstructured.Unstructured{Object: obj}
		if object.RefOf(obj).GroupKind() == gk {
			found = append(found, obj.DeepCopy())
		}
	}
	return found
}

func (s scenario) refs() []object.Ref {
	var refs []object.Ref
	for _, obj := range s.Objects {
		refs = append(refs, object.RefOf(&unstructured.Unstructured{Object: obj}))
	}
	return refs
}

// expected lists all verdicts of the scenario.
func (s scenario) expected() map[object.Ref]expectation {
	var first object.Ref
	if s.Of != nil {
		first = *s.Of
	} else {
		first = s.refs()[0]
	}
	want := map[object.Ref]expectation{first: s.Want}
	for _, ref := range s.refs() {
		if other, ok := s.Others[ref.Name]; ok && ref != first {
			want[ref] = other
		}
	}
	return want
}

func scenarios(t testing.TB, file string) []scenario {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []scenario
	if err := yaml.UnmarshalStrict(text, &all); err != nil { // for misspelt keys
		t.Fatalf("%s: %v", file, err)
	}
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	all = nil
	if err := json.Unmarshal(asJSON, &all); err != nil { // keeps integers, as a live cluster does
		t.Fatalf("%s: %v", file, err)
	}
	return all
}

// TestVerdicts compares the verdicts on the objects in testdata with the expected ones, after
// judging the scenario's objects in every rotation, forwards and backwards: a verdict must not
// depend on the order.
func TestVerdicts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		kind := strings.TrimSuffix(filepath.Base(file), ".yaml")
		for _, s := range scenarios(t, file) {
			t.Run(kind+"/"+s.Name, func(t *testing.T) { s.check(t) })
		}
	}
}

func (s scenario) check(t *testing.T) {
	t.Helper()
	if len(s.Others) > 0 && len(s.expected()) != len(s.Others)+1 {
		t.Fatal("others names an object that is not there")
	}
	snap := s.snapshot()
	for _, order := range orders(s.refs()) {
		assessor := New(snap)
		for _, ref := range order {
			assessor.Of(ref)
		}
		for ref, want := range s.expected() {
			if got := seen(assessor.Of(ref)); !got.equal(want) {
				t.Errorf("%s, after asking for %v:\n got %+v\nwant %+v", ref, order, got, want)
			}
		}
		if t.Failed() {
			return
		}
	}
}

// orders are the orders in which objects are judged: none, and all of them starting with each
// one, in both directions.
func orders(refs []object.Ref) [][]object.Ref {
	all := [][]object.Ref{nil}
	for i := range refs {
		rotated := slices.Concat(refs[i:], refs[:i])
		backwards := slices.Clone(rotated)
		slices.Reverse(backwards)
		all = append(all, rotated, backwards)
	}
	return all
}

func seen(v Verdict) expectation {
	got := expectation{Status: v.Status, Reason: string(v.Reason), Message: v.Message, Since: v.Since, Renewing: v.Renewing}
	for _, ref := range v.WaitsFor {
		name := ref.Name
		if ref.Namespace != v.Ref.Namespace {
			name = ref.Namespace + "/" + name
		}
		got.WaitsFor = append(got.WaitsFor, name)
	}
	return got
}

func (e expectation) equal(other expectation) bool {
	return e.Status == other.Status && e.Reason == other.Reason && e.Message == other.Message &&
		e.Since.Equal(other.Since) && slices.Equal(e.WaitsFor, other.WaitsFor) && e.Renewing == other.Renewing
}
