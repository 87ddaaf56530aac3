package diagnose

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/internal/copies"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// rebuilt is a copy of the snapshot with its objects in another order, without the kinds for
// which hide returns true: listing them is forbidden.
func rebuilt(snap *snapshot.Snapshot, random *rand.Rand, hide func(schema.GroupKind) bool) *snapshot.Snapshot {
	builder := snapshot.NewBuilder()
	requested := snap.Requests()
	random.Shuffle(len(requested), func(i, j int) { requested[i], requested[j] = requested[j], requested[i] })
	for _, a := range requested {
		if hide(a.GroupKind()) {
			a.Failure = &snapshot.Failure{Reason: snapshot.Forbidden, Verb: "list", Resource: a.Resource, Namespace: a.Namespace}
			builder.Add(a)
			continue
		}
		objects := slices.Clone(snap.List(a.GroupKind(), a.Namespace).Objects)
		random.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
		builder.Add(a, objects...)
	}
	return builder.Build(snap.Meta())
}

func all(snap *snapshot.Snapshot) Explanation {
	tenants := tenant.Discover(snap)
	return Tenants(snap, tenants, tenants)
}

func nothing(schema.GroupKind) bool { return false }

// TestOrderDoesNotMatter shuffles the objects of every case.
func TestOrderDoesNotMatter(t *testing.T) {
	for _, c := range faultCases(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want := print(t, all(c.snap))
			for seed := range uint64(2) {
				if got := print(t, all(rebuilt(c.snap, rand.New(rand.NewPCG(seed, 0)), nothing))); got != want {
					t.Errorf("shuffled with seed %d:\n%s\nwant\n%s", seed, got, want)
				}
			}
		})
	}
}

// TestTenantsHaveNoOrder explains the tenants of every recorded fault in both orders, and each
// alone.
func TestTenantsHaveNoOrder(t *testing.T) {
	for _, c := range faultCases(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tenants := tenant.Discover(c.snap)
			bySubject := func(e Explanation) map[string]string {
				reported := map[string]string{}
				for _, s := range e.Subjects {
					for i := range s.Causes { // the blocked objects include those of all subjects
						s.Causes[i].Layers, s.Causes[i].Tenants = nil, nil
					}
					reported[s.Tenant] = fmt.Sprintf("%+v", s)
				}
				return reported
			}
			want := bySubject(Tenants(c.snap, tenants, tenants))
			reversed := slices.Clone(tenants)
			slices.Reverse(reversed)
			orders := [][]tenant.Tenant{reversed}
			for _, alone := range tenants {
				orders = append(orders, []tenant.Tenant{alone})
			}
			for _, order := range orders {
				for name, got := range bySubject(Tenants(c.snap, tenants, order)) {
					if got != want[name] {
						t.Errorf("%s is told otherwise in another order:\n%s\nwant\n%s", name, got, want[name])
					}
				}
			}
		})
	}
}

func print(t *testing.T, e Explanation) string {
	t.Helper()
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestNoListMakesItHealthier hides each relevant kind in turn: an answer may become less
// specific if a kind can't be read, but a tenant that was not ready must not become ready.
func TestNoListMakesItHealthier(t *testing.T) {
	kinds := []schema.GroupKind{
		object.KustomizationKind, object.HelmReleaseKind, object.GitRepositoryKind, object.HelmChartKind, object.DeploymentKind,
		object.StatefulSetKind, object.PodKind, object.EventKind, {Kind: "Secret"}, object.CertificateKind, object.IssuerKind,
		object.GatewayKind, object.ServiceKind, {Kind: "PersistentVolumeClaim"},
	}
	for _, c := range faultCases(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			before := map[string]health.Status{}
			for _, s := range all(c.snap).Subjects {
				before[s.Tenant] = s.Verdict.Status
			}
			for _, hidden := range kinds {
				snap := rebuilt(c.snap, rand.New(rand.NewPCG(1, 1)), func(gk schema.GroupKind) bool { return gk == hidden })
				for _, s := range all(snap).Subjects {
					if was, known := before[s.Tenant]; known && was != health.Ready && s.Verdict.Status == health.Ready {
						t.Errorf("without %s %s is Ready, was %s", hidden.Kind, s.Tenant, was)
					}
				}
			}
		})
	}
}

// FuzzExplain takes a real snapshot, inserts odd values into one object, and explains the
// tenants and that object. It must not panic or hang.
func FuzzExplain(f *testing.F) {
	cases := faultCases(f)
	for i := range len(cases) * 3 {
		f.Add(uint64(i), []byte(`{"status":{"conditions":[{"type":"Ready","status":"False"}]}}`))
	}
	f.Add(uint64(7), []byte(`{"spec":null,"status":[1]}`))
	f.Add(uint64(9), []byte(`{"metadata":{"ownerReferences":[{"kind":"Deployment"}],"labels":{"x":1}}}`))
	f.Fuzz(func(t *testing.T, seed uint64, patch []byte) {
		random := rand.New(rand.NewPCG(seed, 2))
		snap := rebuilt(cases[seed%uint64(len(cases))].snap, random, nothing)
		requested := snap.Requests()
		objects := snap.List(requested[random.IntN(len(requested))].GroupKind(), "").Objects
		var odd map[string]any
		if len(objects) == 0 || json.Unmarshal(patch, &odd) != nil {
			return
		}
		obj := objects[random.IntN(len(objects))].DeepCopy()
		ref := object.RefOf(obj)
		for key, value := range odd {
			if key != "kind" && key != "apiVersion" && key != "metadata" {
				obj.Object[key] = value
			}
		}
		odder := snapshot.NewBuilder()
		odder.Add(snapshot.Request{Group: ref.GroupKind().Group, Kind: ref.Kind, Resource: "x"}, obj)
		snap = snapshot.Join(snap, odder.Build(snap.Meta()))
		all(snap)
		Object(snap, tenant.Discover(snap), ref)
	})
}

// BenchmarkExplain explains failing clusters of increasing size: the time must grow linearly.
func BenchmarkExplain(b *testing.B) {
	model := readCase(b, "testdata/F18-image-digest.txtar").snap
	for _, tenants := range []int{1, 10, 100, 1000} {
		snap := copies.OfTenant(model, tenants)
		b.Run(fmt.Sprintf("tenants=%d", tenants), func(b *testing.B) {
			for b.Loop() {
				all(snap)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*tenants), "µs/tenant")
		})
	}
}
