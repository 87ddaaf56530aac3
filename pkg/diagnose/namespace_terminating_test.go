package diagnose

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// TestStuckNamespaceOfTenant has a tenant whose namespace is being deleted, and that has no
// other fault.
func TestStuckNamespaceOfTenant(t *testing.T) {
	for deleted, want := range map[string]health.Status{"2026-03-01T11:10:00Z": health.Failing, "": health.Ready} {
		namespace := newObject("v1", "Namespace", "", "bhs-orthweb", nil)
		namespace["metadata"] = map[string]any{"name": "bhs-orthweb", "labels": map[string]any{"workload": "orthweb", "org": "bhs"}}
		if deleted != "" {
			namespace["metadata"].(map[string]any)["deletionTimestamp"] = deleted
		}
		layer := newObject("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "flux-system", "bhs", nil)
		layer["status"] = map[string]any{
			"conditions": []any{map[string]any{"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded"}},
			"inventory":  map[string]any{"entries": []any{map[string]any{"id": "_bhs-orthweb__Namespace", "v": "v1"}}},
		}
		snap := clusterOf([]map[string]any{namespace, layer}, nil)
		tenants := tenant.Discover(snap)
		if len(tenants) != 1 {
			t.Fatalf("there are %d tenants", len(tenants))
		}
		subject := Tenants(snap, tenants, tenants).Subjects[0]
		if got := len(subject.Causes) > 0; got != (want == health.Failing) {
			t.Errorf("deleted at %q: %+v", deleted, subject)
		}
		for _, cause := range subject.Causes {
			if cause.Code != engine.CodeNamespaceStuck || cause.Ref.Kind != "Namespace" {
				t.Errorf("deleted at %q: %s %s", deleted, cause.Code, cause.Ref)
			}
		}
	}
}
