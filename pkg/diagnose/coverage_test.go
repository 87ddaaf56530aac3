package diagnose

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/refusal"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

func newObject(apiVersion, kind, namespace, name string, spec map[string]any) map[string]any {
	return map[string]any{"apiVersion": apiVersion, "kind": kind,
		"metadata": map[string]any{"namespace": namespace, "name": name}, "spec": spec}
}

func labelledPods(labels map[string]any) map[string]any {
	return map[string]any{"template": map[string]any{"metadata": map[string]any{"labels": labels}}}
}

// TestCoverage has a tenant with its own ingress next to a tenant with a central ingress, with
// the same labels.
func TestCoverage(t *testing.T) {
	ingress := map[string]any{"istio": "ingressgateway"}
	selected := map[string]any{"selector": ingress}
	central := map[string]any{"istio": "central"}
	s := meshScenario{Objects: []map[string]any{
		newObject("v1", "Service", "bhs-orthweb", "orthweb", map[string]any{"selector": map[string]any{"app": "orth"}}),
		newObject("v1", "Service", "bhs-orthweb", "lb", map[string]any{"type": "LoadBalancer"}),
		newObject("v1", "Service", "bhs-orthweb", "ingress", selected),
		newObject("apps/v1", "Deployment", "bhs-orthweb", "ingress", labelledPods(ingress)),
		newObject("apps/v1", "StatefulSet", "bhs-orthweb", "postgres", nil),
		newObject("networking.istio.io/v1", "Gateway", "bhs-orthweb", "web-gw", selected),
		newObject("networking.istio.io/v1", "VirtualService", "bhs-orthweb", "web-vs", nil),
		newObject("cert-manager.io/v1", "Certificate", "bhs-orthweb", "orthweb-cert", nil),
		newObject("apps/v1", "Deployment", "mhr-orthweb", "ingress", labelledPods(ingress)),
		newObject("v1", "Service", "mhr-orthweb", "ingress", selected),
		newObject("networking.istio.io/v1", "Gateway", "third", "web-gw", map[string]any{"selector": central}),
		newObject("apps/v1", "Deployment", "istio-ingress", "ingress", labelledPods(central)),
		newObject("v1", "Service", "istio-ingress", "ingress", map[string]any{"selector": central}),
		newObject("v1", "Service", "istio-ingress", "other", selected),
	}}
	for _, c := range []struct {
		namespace string
		want      []string
	}{
		{"bhs-orthweb", []string{"Certificate bhs-orthweb/orthweb-cert", "Gateway bhs-orthweb/web-gw", "VirtualService bhs-orthweb/web-vs",
			"Service bhs-orthweb/lb", "Service bhs-orthweb/ingress", "StatefulSet bhs-orthweb/postgres"}},
		{"third", []string{"Gateway third/web-gw", "Service istio-ingress/ingress"}},
		{"none", nil},
	} {
		var got []string
		for _, ref := range coverage(newContext(s.snapshot(), nil), tenant.Tenant{Name: c.namespace, Namespaces: []string{c.namespace}}) {
			got = append(got, ref.String())
		}
		compare(t, c.namespace, got, c.want)
	}
}

// FuzzMesh inserts odd values into the objects of the scenarios: an examination must end
// without a panic, and give the same result twice.
func FuzzMesh(f *testing.F) {
	for _, file := range []string{"certificate", "certificaterequest", "issuer", "gateway", "virtualservice", "service", "webhook", "apiservice", "apierror"} {
		for i := range meshScenarios(f, "testdata/mesh/"+file+".yaml") {
			f.Add(file, i, uint64(7))
		}
	}
	f.Fuzz(func(t *testing.T, file string, i int, seed uint64) {
		switch file {
		case "certificate", "certificaterequest", "issuer", "gateway", "virtualservice", "service", "webhook", "apiservice", "apierror":
		default:
			return
		}
		all := meshScenarios(t, "testdata/mesh/"+file+".yaml")
		s := all[((i%len(all))+len(all))%len(all)]
		random := rand.New(rand.NewPCG(seed, 1))
		for _, object := range s.Objects {
			for key := range object {
				if key != "apiVersion" && key != "kind" {
					object[key] = disturb(random, object[key])
				}
			}
		}
		if first, second := s.examineAll(), s.examineAll(); first != second {
			t.Errorf("differs:\n%s\n%s", first, second)
		}
	})
}

// odd are values of unexpected types.
var odd = []any{nil, "", "x", int64(-1), true, []any{}, []any{"x", nil}, map[string]any{}, map[string]any{"name": int64(1)}, 1.5}

func disturb(random *rand.Rand, value any) any {
	if random.IntN(12) == 0 {
		return odd[random.IntN(len(odd))]
	}
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			v[key] = disturb(random, v[key])
		}
	case []any:
		for i := range v {
			v[i] = disturb(random, v[i])
		}
	}
	return value
}

func (s meshScenario) examineAll() string {
	snap := s.snapshot()
	x := newContext(snap, tenant.Discover(snap))
	w, text := engine.NewWalk(x), ""
	for _, kind := range meshAsked {
		for _, obj := range snap.List(kind, "").Objects {
			ref := object.RefOf(obj)
			for _, failing := range []bool{false, true} {
				for _, c := range w.From(ref, failing).Causes {
					text += ref.String() + ": " + c.Message + "\n"
				}
			}
			if s.Message != "" {
				found, _ := refusal.ExplainAPIError(x, ref, s.Message, noon)
				for _, f := range found {
					text += f.Message + "\n"
				}
			}
		}
	}
	return text
}
