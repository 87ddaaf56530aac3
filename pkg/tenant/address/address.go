// Package address finds the addresses of a tenant's ingress, as clients outside of the
// cluster connect to them.
package address

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Resolve resolves the host name of a load balancer with this machine's resolver. The
// addresses are sorted.
func Resolve(ctx context.Context, name string) ([]netip.Addr, error) {
	found, err := (&net.Resolver{}).LookupNetIP(ctx, "ip", name)
	for i := range found {
		found[i] = found[i].Unmap()
	}
	slices.SortFunc(found, netip.Addr.Compare)
	return found, err
}

// Missing describes why the tenant's ingress has no address, and how a command with --ip can
// continue. Rejected reports whether it has addresses that can't be used.
func Missing(snap *snapshot.Snapshot, s tenant.Status, rejected bool) (why, next string) {
	for _, link := range s.Chain {
		if link.Section != tenant.Ingress || link.Ref.Name == "" {
			continue
		}
		obj := snap.Lookup(link.Ref).Object
		if obj == nil {
			continue
		}
		if kind := object.Text(obj.Object, "spec", "type"); kind != "LoadBalancer" {
			return fmt.Sprintf("%s is of type %s and has no external address", link.Ref, cmp.Or(kind, "ClusterIP")),
				"specify one with --ip (a node's, or that of 'minikube ip')"
		}
		return fmt.Sprintf("%s waits for an address from the load balancer", link.Ref),
			fmt.Sprintf("see 'kubectl describe service %s -n %s'. On a laptop run 'minikube tunnel' or cloud-provider-kind, or specify one with --ip",
				escape.ShellWord(link.Ref.Name), escape.ShellWord(link.Ref.Namespace))
	}
	if rejected {
		return "its ingress has no address that a hosts file can have", "specify one with --ip"
	}
	return "no Service was found for its Gateways" + s.UnreadSuffix(), "specify an address with --ip"
}
