// Package address finds the addresses at which a tenant's ingress is reached, and tells why
// there are none. It resolves the names of load balancers on this machine.
package address

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Resolve resolves the name of a load balancer on this machine.
func Resolve(ctx context.Context, name string) ([]netip.Addr, error) {
	found, err := (&net.Resolver{}).LookupNetIP(ctx, "ip", name)
	for i := range found {
		found[i] = found[i].Unmap()
	}
	slices.SortFunc(found, netip.Addr.Compare)
	return found, err
}

// WhyNone tells why the ingress of a tenant has no address, and how a command with --ip can
// continue. refused is how many addresses it has that can't be used.
func WhyNone(snap *snapshot.Snapshot, s tenant.Status, refused int) (why, next string) {
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
	if refused > 0 {
		return "its ingress has no address that a hosts file can have", "specify one with --ip"
	}
	return "no Service was found for its Gateways" + Unread(s), "specify an address with --ip"
}

// Unread tells which objects of a tenant could not be read, in parentheses after a space,
// for a sentence about what it lacks. It is empty if all could be read.
func Unread(s tenant.Status) string {
	var why []string
	for _, failure := range s.Unknown {
		why = append(why, failure.String())
	}
	if len(why) == 0 {
		return ""
	}
	return " (" + strings.Join(why, "; ") + ")"
}
