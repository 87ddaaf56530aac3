package diagnose

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// maxPeers is how many tenants are searched for a peer: if that many have the same
// problem, it is not specific to one tenant.
const maxPeers = 16

// peer finds the same object of another tenant, if it is ready there: the differences
// between the two are the first thing to check. It is nil if there is none. It is a
// hint, for which no other tenant is read.
func (x *examiner) peer(ref finding.Ref) *unstructured.Unstructured {
	own := x.tenantOf(ref.Namespace)
	if own == "" {
		return nil
	}
	asked := 0
	for _, t := range x.tenants {
		if t.Name == own {
			continue
		}
		if asked++; asked > maxPeers {
			return nil
		}
		for _, namespace := range t.Namespaces {
			other := ref
			other.Namespace = namespace
			ready := slices.Contains(stateless, other.GroupKind()) || x.health.Assessor.Of(other).Status == health.Ready
			if obj := x.known.Lookup(other).Object; obj != nil && ready {
				return obj
			}
		}
	}
	return nil
}
