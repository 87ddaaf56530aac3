package entries

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/address"
)

// Preference is which of several addresses of an ingress to use, First by default.
type Preference string

// The preferences. If an ingress has no address of the preferred family, its first
// address is used.
const (
	First Preference = "first"
	IPv4  Preference = "ipv4"
	IPv6  Preference = "ipv6"
	All   Preference = "all"
)

// Preferences are all preferences.
var Preferences = []Preference{First, IPv4, IPv6, All}

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
func (d *derivation) addresses(ctx context.Context, s tenant.Status) foundAddresses {
	if len(d.Addresses) > 0 {
		return foundAddresses{addresses: d.Addresses}
	}
	var found foundAddresses
	var good []netip.Addr
	for _, addr := range d.resolveAll(ctx, s, &found) {
		switch err := d.Accepted.address(s.Name, addr); {
		case err == nil:
			good = append(good, addr)
		case hosts.CheckAddr(addr) != nil:
			found.note("%s: omitted the address %s: %v", s.Name, addr, err)
		default:
			found.note("%s: omitted the address %s of its ingress: %v; if the address is correct, add --allow-address=%s", s.Name, addr, err, addr)
			found.toAccept = append(found.toAccept, addr)
		}
	}
	found.addresses = d.Prefer.choose(good)
	if len(found.addresses) > 0 {
		return found
	}
	if found.toAccept = d.Prefer.choose(found.toAccept); len(found.toAccept) > 0 {
		found.why = "you have not accepted the address of its ingress"
		for _, addr := range found.toAccept {
			if !slices.Contains(d.out.PendingAddresses, addr) {
				d.out.PendingAddresses = append(d.out.PendingAddresses, addr)
			}
		}
		return found
	}
	why, next := address.Missing(d.snap, s, len(found.notes) > 0)
	found.why = why + "; " + next
	return found
}

// resolveAll returns all addresses of the ingress. It resolves host names, and adds a note
// about each.
func (d *derivation) resolveAll(ctx context.Context, s tenant.Status, f *foundAddresses) []netip.Addr {
	var all []netip.Addr
	for _, text := range s.Addresses {
		if addr, err := netip.ParseAddr(text); err == nil {
			all = append(all, addr)
			continue
		}
		resolved, err := d.Resolve(ctx, text)
		if err != nil {
			f.note("%s: its load balancer %s can't be resolved: %v", s.Name, text, err)
			continue
		}
		all = append(all, resolved...)
		f.note("%s: its load balancer is %s, which currently has the address %s; the address may change, and a CNAME record in your DNS would follow it", s.Name, text, resolved[0])
	}
	return all
}

// choose returns one address, the first or the first of a family, or all.
func (p Preference) choose(all []netip.Addr) []netip.Addr {
	if p == All {
		return all
	}
	for _, addr := range all {
		if p == First || p == "" || addr.Is4() == (p == IPv4) {
			return []netip.Addr{addr}
		}
	}
	return all[:min(len(all), 1)] // the other family is better than none
}
