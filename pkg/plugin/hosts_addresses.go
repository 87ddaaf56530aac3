package plugin

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// addresses are those of the tenant's ingress, or why there are none.
func (w *wantedHosts) addresses(ctx context.Context, snap *snapshot.Snapshot, s tenant.Status) (addresses []netip.Addr, notes []string, why string) {
	if len(w.forced) > 0 {
		return w.choose(w.forced), nil, ""
	}
	var all []netip.Addr
	for _, text := range s.Addresses {
		if addr, err := netip.ParseAddr(text); err == nil {
			all = append(all, addr)
			continue
		}
		resolved, err := resolve(ctx, text)
		if err != nil {
			notes = append(notes, fmt.Sprintf("%s: its load balancer %s can't be resolved: %v", s.Name, text, err))
			continue
		}
		all = append(all, resolved...)
		notes = append(notes, fmt.Sprintf("%s: its load balancer is %s, which is at %s now and may move; a CNAME in your DNS would follow it", s.Name, text, resolved[0]))
	}
	for _, addr := range all {
		if err := hosts.CheckAddr(addr); err != nil {
			notes = append(notes, fmt.Sprintf("%s: left out the address %s: %v", s.Name, addr, err))
		}
	}
	all = slices.DeleteFunc(all, func(addr netip.Addr) bool { return hosts.CheckAddr(addr) != nil })
	chosen := w.choose(all)
	if len(chosen) == 0 {
		return nil, notes, noAddress(snap, s, len(all))
	}
	return chosen, notes, ""
}

// choose is one address, the first or the first of a family, or all.
func (w *wantedHosts) choose(all []netip.Addr) []netip.Addr {
	if w.prefer == "all" || len(w.forced) > 0 {
		return all
	}
	for _, addr := range all {
		if w.prefer == "first" || addr.Is4() == (w.prefer == "ipv4") {
			return []netip.Addr{addr}
		}
	}
	if w.prefer != "first" && len(all) > 0 {
		return all[:1] // rather the other family than none
	}
	return nil
}

// noAddress says why there is no address and where to look.
func noAddress(snap *snapshot.Snapshot, s tenant.Status, refused int) string {
	for _, link := range s.Chain {
		if link.Section != tenant.Ingress || link.Ref.Name == "" {
			continue
		}
		obj := snap.Lookup(link.Ref).Object
		if obj == nil {
			continue
		}
		if kind := field.Text(obj.Object, "spec", "type"); kind != "LoadBalancer" {
			return fmt.Sprintf("%s is a %s and has no address of its own; give one with --ip (of a node, or of 'minikube ip')", link.Ref, orDefault(kind, "ClusterIP"))
		}
		return fmt.Sprintf("%s waits for an address from the load balancer; see 'kubectl describe service %s -n %s'. On a laptop run 'minikube tunnel' or cloud-provider-kind, or give one with --ip",
			link.Ref, shellWord(link.Ref.Name), shellWord(link.Ref.Namespace))
	}
	if refused > 0 {
		return "its ingress has no address that can be in a hosts file; give one with --ip"
	}
	return "no Service in front of its Gateways was found" + unread(s) + "; give an address with --ip"
}

func orDefault(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

// resolve looks up a load balancer that is a name, as this machine knows it.
func resolve(ctx context.Context, name string) ([]netip.Addr, error) {
	found, err := (&net.Resolver{}).LookupNetIP(ctx, "ip", name)
	for i := range found {
		found[i] = found[i].Unmap()
	}
	slices.SortFunc(found, netip.Addr.Compare)
	return found, err
}
