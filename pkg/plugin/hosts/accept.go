package hosts

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	hostsfile "github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts/entries"
)

// acceptFlags are the domains and addresses that the user accepts.
type acceptFlags struct{ domains, addresses []string }

func (f *acceptFlags) addTo(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.domains, "allow-domain", nil, "Accept the tenants' names under this domain; TENANT=DOMAIN assigns the domain to one tenant")
	flags.StringSliceVar(&f.addresses, "allow-address", nil, "Accept this address (or prefix) of an ingress, even if it is a loopback, link-local or metadata address")
}

// acceptance is what the flags accept.
func (f *acceptFlags) acceptance() (entries.Acceptance, error) {
	a := entries.Acceptance{Granted: map[string][]string{}}
	for _, text := range f.domains {
		name, domain, one := strings.Cut(text, "=")
		if !one {
			name, domain = "", text
		}
		if err := hostsfile.CheckDomain(domain); err != nil {
			return a, advice.Add(fmt.Errorf("--allow-domain: %w", err), "Specify the domain of a tenant's hosts, such as bhs.orthweb.com.")
		}
		if one && name == "" {
			return a, advice.Add(fmt.Errorf("--allow-domain %q names no tenant", text), "Specify TENANT=DOMAIN, or DOMAIN for all tenants.")
		}
		if one {
			a.Granted[name] = append(a.Granted[name], domain)
		} else {
			a.Domains = append(a.Domains, domain)
		}
	}
	for _, text := range f.addresses {
		prefix, err := prefixOf(text)
		if err != nil {
			return a, err
		}
		a.Addresses = append(a.Addresses, prefix)
	}
	return a, nil
}

// prefixOf is the prefix in --allow-address, or that of the one address.
func prefixOf(text string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	if addr, addrErr := netip.ParseAddr(text); addrErr == nil {
		if err := hostsfile.CheckAddr(addr); err != nil {
			return prefix, fmt.Errorf("--allow-address: %w", err)
		}
		prefix, err = addr.Unmap().WithZone("").Prefix(addr.Unmap().BitLen())
	}
	if err != nil {
		return prefix, advice.Add(fmt.Errorf("--allow-address %q is not an IP address", text), "For example: 127.0.0.11, or the prefix 127.0.0.0/8.")
	}
	return prefix, nil
}

// flags are the flags as the user wrote them, to copy.
func (f *acceptFlags) flags() []string {
	var all []string
	for _, text := range f.addresses {
		all = append(all, "--allow-address="+escape.ShellWord(text))
	}
	for _, text := range f.domains {
		all = append(all, "--allow-domain="+escape.ShellWord(text))
	}
	return all
}
