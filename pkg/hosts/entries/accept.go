package entries

import (
	"net/netip"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Acceptance is what the user allows the cluster to write to the hosts file. The lines
// of the block are its record: a name in the block was accepted, and stays accepted.
type Acceptance struct {
	// Domains are accepted for all tenants, those of Granted for one, by its name.
	Domains []string
	Granted map[string][]string
	// Addresses are accepted as those of an ingress, even if they are loopback,
	// link-local or metadata addresses.
	Addresses []netip.Prefix
	// Block are the entries that the block already has.
	Block []hosts.Entry
}

// addTo adds to the owners the names in the block of the tenants that count, and the
// domains that the user assigned to one tenant.
func (a *Acceptance) addTo(owners *tenant.HostOwners, counts func(tenant string) bool) {
	for _, entry := range a.Block {
		if counts(entry.Tenant) {
			owners.Accept(entry.Tenant, entry.Names...)
		}
	}
	for name, domains := range a.Granted {
		for _, domain := range domains {
			owners.Grant(name, domain)
		}
	}
}

// inBlock reports whether the block has the name for the tenant, or has names whose
// domain includes it. A name in a narrower domain does not accept a broader one.
func (a *Acceptance) inBlock(name, host string) bool {
	return slices.ContainsFunc(a.Block, func(e hosts.Entry) bool {
		return e.Tenant == name && slices.ContainsFunc(e.Names, func(has string) bool {
			domain := tenant.HostDomain(name, has)
			return has == host || domain != "" && tenant.UnderDomain(host, domain)
		})
	})
}

// allowed reports whether the user allows the name for the tenant.
func (a *Acceptance) allowed(name, host string) bool {
	return slices.ContainsFunc(slices.Concat(a.Domains, a.Granted[name]), func(domain string) bool { return tenant.UnderDomain(host, domain) })
}

// address returns why the address of the tenant's ingress is not accepted, or nil.
func (a *Acceptance) address(name string, addr netip.Addr) error {
	err := hosts.CheckIngress(addr)
	if err == nil || hosts.CheckAddr(addr) != nil {
		return err
	}
	allowed := slices.ContainsFunc(a.Addresses, func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) }) ||
		slices.ContainsFunc(a.Block, func(e hosts.Entry) bool { return e.Tenant == name && e.Addr == addr.Unmap() })
	if allowed {
		return nil
	}
	return err
}
