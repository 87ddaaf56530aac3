package diagnose

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// TestUnwatched checks that the reason why Flux reports a layer as ready, although an object of
// it is not, depends on whether its health check would fail now.
func TestUnwatched(t *testing.T) {
	healthy := readCase(t, "testdata/F30-healthy.txtar").snap
	for name, c := range map[string]struct {
		change map[string]any
		want   string
	}{
		"a workload that the check covers": {
			map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "orthanc", "namespace": "bhs-orthweb"},
				"status": map[string]any{"availableReplicas": int64(0), "readyReplicas": int64(0), "conditions": []any{
					map[string]any{"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable", "lastTransitionTime": "2026-11-24T07:14:00Z"},
					map[string]any{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable", "lastTransitionTime": "2026-11-24T07:13:37Z"}}}},
			"the health check of Kustomization flux-system/bhs-application passed when it last ran, and runs again when the layer is reconciled",
		},
		"a Gateway that the check covers, whose status says nothing": {
			map[string]any{"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": map[string]any{"name": "web-gw", "namespace": "bhs-orthweb"},
				"spec": map[string]any{"selector": map[string]any{"istio": "ingresgateway"}}},
			"the health check of Kustomization flux-system/bhs-application finds no problem in the status of Gateway bhs-orthweb/web-gw",
		},
		"a route that no check covers": {
			map[string]any{"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": map[string]any{"name": "web-vs", "namespace": "bhs-orthweb"},
				"spec": map[string]any{"hosts": []any{"web.example.com"}}},
			"no health check covers VirtualService bhs-orthweb/web-vs",
		},
	} {
		snap := ingressFault{Change: []map[string]any{c.change}}.changed(healthy)
		tenants := tenant.Discover(snap)
		bhs, _ := tenant.Find(tenants, "bhs")
		causes := Tenants(snap, tenants, []tenant.Tenant{bhs}).Subjects[0].Causes
		if len(causes) == 0 || causes[0].Unwatched != c.want {
			t.Errorf("%s: %+v\nwant %q", name, causes, c.want)
		}
	}
}
