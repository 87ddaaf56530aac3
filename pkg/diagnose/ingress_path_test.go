package diagnose

import (
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// TestIngressPathOfRecordedFaults walks from the ingress path in every recorded fault. It must
// find only causes that the fault is recorded with: none in a healthy cluster, and no
// additional ones in another.
func TestIngressPathOfRecordedFaults(t *testing.T) {
	for _, c := range faultCases(t) {
		t.Run(c.name, func(t *testing.T) {
			tenants := tenant.Discover(c.snap)
			x := newContext(c.snap, tenants)
			w := engine.NewWalk(x)
			for _, of := range tenants {
				path := ingressPath(x, of)
				if len(path) == 0 && !strings.HasPrefix(c.name, "F1") && !strings.HasPrefix(c.name, "F0") {
					t.Errorf("tenant %s has no ingress path", of.Name)
				}
				for _, ref := range path {
					for _, cause := range w.From(ref, false).Causes {
						if !slices.ContainsFunc(c.want.Causes, func(want struct {
							Kind, Name, Namespace, Reason oneOf
							Tenants                       []string
						}) bool {
							return want.Kind.has(cause.Ref.Kind) && want.Name.has(cause.Ref.Name) && want.Namespace.has(cause.Ref.Namespace)
						}) {
							t.Errorf("%s: %s %s: %s", ref, cause.Code, cause.Reason, cause.Message)
						}
					}
				}
			}
		})
	}
}
