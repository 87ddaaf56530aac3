package plugin

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/address"
)

// foundAddresses are the addresses of a tenant's ingress, or why it has none.
type foundAddresses struct {
	addresses []netip.Addr
	// toAccept are further addresses that the user has not accepted.
	toAccept []netip.Addr
	notes    []string
	why      string
}

func (f *foundAddresses) note(format string, args ...any) {
	f.notes = append(f.notes, fmt.Sprintf(format, args...))
}

// addresses finds the addresses of the tenant's ingress, or uses those that the user
// specified.
func (r *hostsReading) addresses(ctx context.Context, s tenant.Status) foundAddresses {
	if len(r.forced) > 0 {
		return foundAddresses{addresses: r.chooseAddresses(r.forced)}
	}
	var found foundAddresses
	var good []netip.Addr
	for _, addr := range found.resolveAll(ctx, s) {
		switch err := r.accept.address(s.Name, addr); {
		case err == nil:
			good = append(good, addr)
		case hosts.CheckAddr(addr) != nil:
			found.note("%s: omitted the address %s: %v", s.Name, addr, err)
		default:
			found.note("%s: omitted the address %s of its ingress: %v; if the address is correct, add --allow-address=%s", s.Name, addr, err, addr)
			found.toAccept = append(found.toAccept, addr)
		}
	}
	found.addresses = r.chooseAddresses(good)
	if len(found.addresses) > 0 {
		return found
	}
	if found.toAccept = r.chooseAddresses(found.toAccept); len(found.toAccept) > 0 {
		found.why = "you have not accepted the address of its ingress"
		for _, addr := range found.toAccept {
			if !slices.Contains(r.out.addresses, addr) {
				r.out.addresses = append(r.out.addresses, addr)
			}
		}
		return found
	}
	why, next := address.WhyNone(r.snap, s, len(found.notes))
	found.why = why + "; " + next
	return found
}

// resolveAll returns all addresses of the ingress, and resolves names.
func (f *foundAddresses) resolveAll(ctx context.Context, s tenant.Status) []netip.Addr {
	var all []netip.Addr
	for _, text := range s.Addresses {
		if addr, err := netip.ParseAddr(text); err == nil {
			all = append(all, addr)
			continue
		}
		resolved, err := address.Resolve(ctx, text)
		if err != nil {
			f.note("%s: its load balancer %s can't be resolved: %v", s.Name, text, err)
			continue
		}
		all = append(all, resolved...)
		f.note("%s: its load balancer is %s, which currently has the address %s; the address may change, and a CNAME record in your DNS would follow it", s.Name, text, resolved[0])
	}
	return all
}

// chooseAddresses returns one address, the first or the first of a family, or all.
func (w *wantedHosts) chooseAddresses(all []netip.Addr) []netip.Addr {
	if w.prefer == "all" || len(w.forced) > 0 {
		return all
	}
	for _, addr := range all {
		if w.prefer == "first" || addr.Is4() == (w.prefer == "ipv4") {
			return []netip.Addr{addr}
		}
	}
	if w.prefer != "first" && len(all) > 0 {
		return all[:1] // the other family is better than none
	}
	return nil
}
