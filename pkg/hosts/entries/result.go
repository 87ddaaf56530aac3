package entries

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Result are the entries, and the names that have none.
type Result struct {
	Entries []hosts.Entry
	// Tenants are those that were chosen.
	Tenants []string
	// Lacking are sentences about tenants that have no entry, Notes about names that are
	// omitted or may change.
	Lacking, Notes []string
	// Withheld are a tenant's names that are not written: their owner is not certain, or
	// they are not accepted. Existing lines with them stay.
	Withheld []string
	// Pending are those of them that the user can accept, and PendingAddresses the
	// addresses that the user can accept.
	Pending          []PendingDomain
	PendingAddresses []netip.Addr
	// Partial are the tenants whose names could not be read completely.
	Partial []string
	// Refused reports whether a name is another tenant's, or may be.
	Refused bool
	// All reports whether these are all tenants of the cluster: lines of others are
	// obsolete.
	All bool
}

// Change is the change of the file. It keeps the lines of a tenant that currently has
// no entry: they were correct before, and may be again.
func (r *Result) Change(block string) hosts.Change {
	c := hosts.Change{Block: block, Entries: r.Entries, KeepNames: r.Withheld, KeepTenants: r.Partial}
	if r.All {
		c.Only = r.Tenants
	}
	return c
}

// Complete reports whether all names of the chosen tenants have an entry.
func (r *Result) Complete() bool {
	return len(r.Lacking)+len(r.Pending) == 0 && !r.Refused
}

// Unwritten are sentences about tenants and names without an entry.
func (r *Result) Unwritten() []string {
	all := slices.Clone(r.Lacking)
	for _, p := range r.Pending {
		all = append(all, fmt.Sprintf("%s: not accepted on this machine: %s", p.Tenant, strings.Join(p.Names, ", ")))
	}
	return all
}

// PendingDomain are names of a tenant whose domain the user has not accepted yet. The
// domain is "" where it can't be inferred: then each name must be accepted separately.
type PendingDomain struct {
	Tenant, Domain string
	Names          []string
	// Addresses are those of the names, ToAccept those that the user must accept first.
	Addresses, ToAccept []netip.Addr
}

// String is a pending domain as it is printed: tenant, domain, addresses and names.
func (p PendingDomain) String() string {
	domain := p.Domain
	if domain == "" {
		domain = "(no domain)"
	}
	where := joined(p.Addresses)
	if where == "" {
		where = joined(p.ToAccept)
	}
	if where == "" {
		where = "no address yet"
	}
	return fmt.Sprintf("%s  %s  %s  %s", p.Tenant, domain, where, strings.Join(p.Names, ", "))
}

// acceptable reports whether one answer accepts the names.
func (p PendingDomain) acceptable() bool { return p.Domain != "" && len(p.Addresses) > 0 }

// Acceptable are the pending domains that can be accepted with one answer.
func (r *Result) Acceptable() []PendingDomain {
	return slices.DeleteFunc(slices.Clone(r.Pending), func(p PendingDomain) bool { return !p.acceptable() })
}

// AcceptAll accepts the acceptable names: they get entries.
func (r *Result) AcceptAll() {
	for _, p := range r.Acceptable() {
		r.add(p.Tenant, p.Addresses, p.Names)
		r.Withheld = slices.DeleteFunc(r.Withheld, func(name string) bool { return slices.Contains(p.Names, name) })
	}
	r.Pending = slices.DeleteFunc(r.Pending, PendingDomain.acceptable)
}

// add adds entries of a tenant.
func (r *Result) add(name string, addresses []netip.Addr, names []string) {
	for _, addr := range addresses {
		if len(names) == 0 {
			return
		}
		at := slices.IndexFunc(r.Entries, func(e hosts.Entry) bool { return e.Tenant == name && e.Addr == addr })
		if at < 0 {
			at = len(r.Entries)
			r.Entries = append(r.Entries, hosts.Entry{Tenant: name, Addr: addr})
		}
		r.Entries[at].Names = append(r.Entries[at].Names, names...)
	}
}

// pend adds a name that the user has not accepted yet.
func (r *Result) pend(name, host string, found foundAddresses) {
	r.Withheld = append(r.Withheld, host)
	domain := tenant.HostDomain(name, host)
	at := slices.IndexFunc(r.Pending, func(p PendingDomain) bool { return p.Tenant == name && p.Domain == domain })
	if at < 0 {
		at = len(r.Pending)
		r.Pending = append(r.Pending, PendingDomain{Tenant: name, Domain: domain, Addresses: found.addresses, ToAccept: found.toAccept})
	}
	if !slices.Contains(r.Pending[at].Names, host) {
		r.Pending[at].Names = append(r.Pending[at].Names, host)
	}
}

// withhold prevents a name from being written, and notes the reason once.
func (r *Result) withhold(name, why string) {
	if !slices.Contains(r.Withheld, name) {
		r.Withheld = append(r.Withheld, name)
	}
	if why != "" && !slices.Contains(r.Notes, why) {
		r.Notes, r.Refused = append(r.Notes, why), true
	}
}

// joined are the addresses in one text.
func joined(addresses []netip.Addr) string {
	var all []string
	for _, addr := range addresses {
		all = append(all, addr.String())
	}
	return strings.Join(all, ", ")
}
