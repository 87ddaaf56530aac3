package plugin

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// acceptance is what the user allows the cluster to write to the hosts file. The lines
// of the block are its record: a name in the block was accepted, and stays accepted.
type acceptance struct {
	domainFlags, addressFlags []string

	// domains apply to all tenants, granted to one; addresses to all.
	domains   []string
	granted   map[string][]string
	addresses []netip.Prefix
	block     []hosts.Entry
}

func (a *acceptance) addTo(flags *pflag.FlagSet) {
	flags.StringSliceVar(&a.domainFlags, "allow-domain", nil, "Accept the tenants' names under this domain; TENANT=DOMAIN assigns the domain to one tenant")
	flags.StringSliceVar(&a.addressFlags, "allow-address", nil, "Accept this address (or prefix) of an ingress, even if it is a loopback, link-local or metadata address")
}

func (a *acceptance) validate() error {
	a.granted = map[string][]string{}
	for _, text := range a.domainFlags {
		name, domain, one := strings.Cut(text, "=")
		if !one {
			name, domain = "", text
		}
		if err := hosts.CheckDomain(domain); err != nil {
			return advice.Add(fmt.Errorf("--allow-domain: %w", err), "Specify the domain of a tenant's hosts, such as bhs.orthweb.com.")
		}
		if one && name == "" {
			return advice.Add(fmt.Errorf("--allow-domain %q names no tenant", text), "Specify TENANT=DOMAIN, or DOMAIN for all tenants.")
		}
		if one {
			a.granted[name] = append(a.granted[name], domain)
		} else {
			a.domains = append(a.domains, domain)
		}
	}
	for _, text := range a.addressFlags {
		prefix, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil {
			if err := hosts.CheckAddr(addr); err != nil {
				return fmt.Errorf("--allow-address: %w", err)
			}
			prefix, err = addr.Unmap().WithZone("").Prefix(addr.Unmap().BitLen())
		}
		if err != nil {
			return advice.Add(fmt.Errorf("--allow-address %q is not an IP address", text), "For example: 127.0.0.11, or the prefix 127.0.0.0/8.")
		}
		a.addresses = append(a.addresses, prefix)
	}
	return nil
}

// tell adds to the owners the names in the block of the tenants that count, and the
// domains that the user assigned to one tenant.
func (a *acceptance) tell(owners *tenant.HostOwners, counts func(tenant string) bool) {
	for _, entry := range a.block {
		if counts(entry.Tenant) {
			owners.Accept(entry.Tenant, entry.Names...)
		}
	}
	for name, domains := range a.granted {
		for _, domain := range domains {
			owners.Grant(name, domain)
		}
	}
}

// inBlock reports whether the block has the name for the tenant, or has names whose
// domain includes it. A name in a narrower domain does not accept a broader one.
func (a *acceptance) inBlock(name, host string) bool {
	return slices.ContainsFunc(a.block, func(e hosts.Entry) bool {
		return e.Tenant == name && slices.ContainsFunc(e.Names, func(has string) bool {
			domain := tenant.HostDomain(name, has)
			return has == host || domain != "" && tenant.UnderDomain(host, domain)
		})
	})
}

// allowed reports whether a flag allows the name for the tenant.
func (a *acceptance) allowed(name, host string) bool {
	return slices.ContainsFunc(slices.Concat(a.domains, a.granted[name]), func(domain string) bool { return tenant.UnderDomain(host, domain) })
}

// address returns why the address of the tenant's ingress is not accepted, or nil.
func (a *acceptance) address(name string, addr netip.Addr) error {
	err := hosts.CheckIngress(addr)
	if err == nil || hosts.CheckAddr(addr) != nil {
		return err
	}
	allowed := slices.ContainsFunc(a.addresses, func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) }) ||
		slices.ContainsFunc(a.block, func(e hosts.Entry) bool { return e.Tenant == name && e.Addr == addr.Unmap() })
	if allowed {
		return nil
	}
	return err
}

// flags are the flags of a command that accepts these names in addition to those that
// flags have already accepted.
func (w *wantedHosts) flags(more []string) []string {
	var all []string
	for _, text := range w.accept.addressFlags {
		all = append(all, "--allow-address="+escape.ShellWord(text))
	}
	for _, text := range w.accept.domainFlags {
		all = append(all, "--allow-domain="+escape.ShellWord(text))
	}
	return append(all, more...)
}

// pendingDomain are names of a tenant whose domain the user has not accepted yet. The
// domain is "" where it can't be inferred: then each name must be accepted separately.
type pendingDomain struct {
	tenant, domain string
	names          []string
	// addresses are those of the names, toAccept those that the user must accept first.
	addresses, toAccept []netip.Addr
}

func (w *wanted) pend(name, host string, found foundAddresses) {
	w.withheld = append(w.withheld, host)
	domain := tenant.HostDomain(name, host)
	at := slices.IndexFunc(w.pending, func(p pendingDomain) bool { return p.tenant == name && p.domain == domain })
	if at < 0 {
		at = len(w.pending)
		w.pending = append(w.pending, pendingDomain{tenant: name, domain: domain, addresses: found.addresses, toAccept: found.toAccept})
	}
	if !slices.Contains(w.pending[at].names, host) {
		w.pending[at].names = append(w.pending[at].names, host)
	}
}

// String is a pending domain as it is printed: tenant, domain, addresses and names.
func (p pendingDomain) String() string {
	domain := p.domain
	if domain == "" {
		domain = "(no domain)"
	}
	where := joined(p.addresses)
	if where == "" {
		where = joined(p.toAccept)
	}
	if where == "" {
		where = "no address yet"
	}
	return fmt.Sprintf("  %s  %s  %s  %s", p.tenant, domain, where, strings.Join(p.names, ", "))
}

func joined(addresses []netip.Addr) string {
	var all []string
	for _, addr := range addresses {
		all = append(all, addr.String())
	}
	return strings.Join(all, ", ")
}

// askable are the pending domains that can be accepted with one answer.
func (w *wanted) askable() []pendingDomain {
	return slices.DeleteFunc(slices.Clone(w.pending), func(p pendingDomain) bool { return p.domain == "" || len(p.addresses) == 0 })
}

// acceptAll accepts the askable names.
func (w *wanted) acceptAll() {
	for _, p := range w.askable() {
		w.add(p.tenant, p.addresses, p.names)
		w.withheld = slices.DeleteFunc(w.withheld, func(name string) bool { return slices.Contains(p.names, name) })
	}
	w.pending = slices.DeleteFunc(w.pending, func(p pendingDomain) bool { return p.domain != "" && len(p.addresses) > 0 })
}

// sayPending lists the names that are omitted until the user accepts them, and the
// command that accepts them.
func (w *wanted) sayPending(out io.Writer, command func(flags ...string) string) {
	var flags, domains, unknown []string
	for _, addr := range w.addresses {
		flags = append(flags, addr.String())
	}
	if len(w.pending) > 0 {
		escape.Fprintln(out, "Omitted, because these names are not accepted on this machine yet (tenant, domain, address, names):")
	}
	for _, p := range w.pending {
		escape.Fprintln(out, p)
		switch {
		case p.domain == "":
			unknown = append(unknown, p.names...)
		case !slices.Contains(domains, p.domain):
			domains = append(domains, p.domain)
		}
	}
	if len(unknown) > 0 {
		escape.Fprintf(out, "A registrable domain is never treated as a tenant's. If the tenant owns these names, add --allow-domain=%s\n", strings.Join(unknown, ","))
	}
	var all []string
	if len(flags) > 0 {
		all = append(all, "--allow-address="+strings.Join(flags, ","))
	}
	if len(domains) > 0 {
		all = append(all, "--allow-domain="+strings.Join(domains, ","))
	}
	if len(all) > 0 {
		escape.Fprintf(out, "To accept them: %s\n", command(all...))
	}
}
