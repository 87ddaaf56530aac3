package diagnose

import (
	"fmt"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// without returns a copy of a snapshot without some objects.
func without(snap *snapshot.Snapshot, gone ...object.Ref) *snapshot.Snapshot {
	builder := snapshot.NewBuilder()
	for _, requested := range snap.Requests() {
		objects := slices.DeleteFunc(slices.Clone(snap.List(requested.GroupKind(), "").Objects), func(obj *unstructured.Unstructured) bool {
			return slices.ContainsFunc(gone, object.RefOf(obj).Same)
		})
		for i := range objects {
			objects[i] = objects[i].DeepCopy()
		}
		builder.Add(requested, objects...)
	}
	return builder.Build(snap.Meta())
}

// TestDeletedObjects checks that objects on a tenant's ingress path that were deleted after
// their layer was applied are its causes, and that objects that refer to them are not.
func TestDeletedObjects(t *testing.T) {
	healthy := readCase(t, "testdata/F30-healthy.txtar").snap
	istio := func(kind, name string) object.Ref {
		return object.Ref{APIVersion: "networking.istio.io/v1", Kind: kind, Namespace: "bhs-orthweb", Name: name}
	}
	for _, gone := range []object.Ref{
		istio("VirtualService", "web-vs"), istio("Gateway", "web-gw"), engine.CoreRef("Service", "bhs-orthweb", "orthweb"),
		{APIVersion: "cert-manager.io/v1", Kind: "Certificate", Namespace: "bhs-orthweb", Name: "orthweb-cert"},
	} {
		t.Run(gone.Kind, func(t *testing.T) {
			snap := without(healthy, gone)
			var causes []string
			var findings []finding.Finding
			for _, s := range Tenants(snap, tenant.Discover(snap), tenant.Discover(snap)).Subjects {
				for _, c := range s.Causes {
					causes = append(causes, fmt.Sprintf("%s: %s %s", s.Tenant, c.Code, c.Ref))
					findings = append(findings, c.Finding)
					readBack(t, snap, c.Finding)
					if c.Ref == gone && c.Fixes[0].Text != "Apply it again" {
						t.Errorf("%v", c.Fixes)
					}
				}
			}
			compare(t, gone.String(), causes, []string{"bhs: OW1115 " + gone.String()})
			compareMessages(t, findings)
		})
	}
}

// TestNoServiceInFront checks the result if a Service that Helm installed was deleted: only
// gateway pods that no Service selects remain.
func TestNoServiceInFront(t *testing.T) {
	healthy := readCase(t, "testdata/F30-healthy.txtar").snap
	snap := without(healthy, engine.CoreRef("Service", "bhs-orthweb", "istio-ingressgateway"))
	deployment := map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "istio-ingressgateway", "namespace": "bhs-orthweb"}}
	onNode := map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{"hostNetwork": true}}}}
	merge(onNode, deployment)
	release := map[string]any{"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": map[string]any{"name": "istio-ingress", "namespace": "bhs-orthweb"},
		"status": map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": "Unknown", "reason": "Progressing"}}}}
	for name, c := range map[string]struct {
		change []map[string]any
		want   []string
	}{
		"deleted":                    {nil, []string{"OW7107 HelmRelease bhs-orthweb/istio-ingress ServiceNotFound"}},
		"on the node's network":      {[]map[string]any{onNode}, nil},
		"the release is in progress": {[]map[string]any{release}, nil},
	} {
		changed := ingressFault{Change: c.change}.changed(snap)
		bhs, _ := tenant.Find(tenant.Discover(changed), "bhs")
		var causes []string
		for _, cause := range Tenants(changed, tenant.Discover(changed), []tenant.Tenant{bhs}).Subjects[0].Causes {
			causes = append(causes, fmt.Sprintf("%s %s %s", cause.Code, cause.Ref, cause.Reason))
			readBack(t, changed, cause.Finding)
		}
		compare(t, name, causes, c.want)
	}
}
