package diagnose

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// TestOddIngressObjects sets fields of the objects on the ingress path to values of other
// types: an examination must end without a panic, and give the same result twice.
func TestOddIngressObjects(t *testing.T) {
	for _, name := range []string{"gateway_selector", "gateway_claim", "virtualservice", "service", "gatewayapi", "ingress"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(8) {
				random := rand.New(rand.NewPCG(seed, 1))
				for _, s := range meshScenarios(t, filepath.Join("testdata/mesh", name+".yaml")) {
					for _, object := range s.Objects {
						for key := range object {
							if key != "apiVersion" && key != "kind" {
								object[key] = disturb(random, object[key])
							}
						}
					}
					if first, second := s.examineAll(), s.examineAll(); first != second {
						t.Errorf("%s with seed %d differs:\n%s\n%s", s.Name, seed, first, second)
					}
				}
			}
		})
	}
}

// TestOddPolicies does the same with the objects that the faults of the ingress path
// change in the recorded healthy cluster.
func TestOddPolicies(t *testing.T) {
	healthy := readCase(t, "testdata/F30-healthy.txtar").snap
	random := rand.New(rand.NewPCG(7, 1))
	for _, f := range ingressFaults(t) {
		for _, object := range f.Change {
			for _, key := range []string{"spec", "status"} {
				object[key] = disturb(random, object[key])
			}
		}
		if first, second := f.walked(healthy), f.walked(healthy); first != second {
			t.Errorf("%s differs:\n%s\n%s", f.Name, first, second)
		}
	}
}

// walked is the result of a walk from all tenants' ingress paths.
func (f ingressFault) walked(healthy *snapshot.Snapshot) string {
	snap := f.changed(healthy)
	tenants := tenant.Discover(snap)
	x, text := newContext(snap, tenants), ""
	w := engine.NewWalk(x)
	for _, of := range tenants {
		for _, ref := range ingressPath(x, of) {
			for _, c := range w.From(ref, false).Causes {
				text += ref.String() + ": " + c.Message + "\n"
			}
		}
	}
	return text
}
