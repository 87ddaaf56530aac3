package diagnose

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// deletedObjects are the objects in the namespaces of a tenant that its own layers
// applied and that do not exist. Only kinds that are listed for the tenant anyway are
// checked.
func deletedObjects(x *engine.Context, t tenant.Tenant) []engine.FoundCause {
	var all []engine.FoundCause
	for _, layer := range t.Layers {
		obj := x.Snap.Lookup(layer.Ref).Object
		if layer.Shared || obj == nil {
			continue
		}
		for _, ref := range health.Inventory(obj) {
			if !slices.Contains(ingressKinds, ref.GroupKind()) || !slices.Contains(t.Namespaces, ref.Namespace) {
				continue
			}
			if gone, ok := flux.DeletedObject(x, t, ref); ok {
				gone.Unwatched = whyUnwatched(x, t, ref)
				all = append(all, gone)
			}
		}
	}
	return all
}

// ingressKinds are the kinds that clients of a tenant require, and that are listed in
// the namespaces of each tenant.
var ingressKinds = []schema.GroupKind{object.GatewayKind, object.VirtualServiceKind, object.ServiceKind, object.CertificateKind, object.DeploymentKind, object.StatefulSetKind}
