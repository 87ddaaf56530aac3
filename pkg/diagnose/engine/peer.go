package engine

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// maxPeers is how many tenants are searched for a peer: if that many have the same
// problem, it is not specific to one tenant.
const maxPeers = 16

// Peer finds the same object of another tenant, if it is ready there: the differences
// between the two are the first thing to check. It is nil if there is none. It is a
// hint, for which no other tenant is read.
func (x *Context) Peer(ref object.Ref) *unstructured.Unstructured {
	own := x.TenantOf(ref.Namespace)
	if own == "" {
		return nil
	}
	compared := 0
	for _, t := range x.Tenants {
		if t.Name == own {
			continue
		}
		if compared++; compared > maxPeers {
			return nil
		}
		for _, namespace := range t.Namespaces {
			other := ref
			other.Namespace = namespace
			ready := slices.Contains(Stateless, other.GroupKind()) || x.Health.Assessor.Of(other).Status == health.Ready
			if obj := x.Known.Lookup(other).Object; obj != nil && ready {
				return obj
			}
		}
	}
	return nil
}
