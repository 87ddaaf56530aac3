package validate

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// ViaPortForward is the Options.Via of connections that need neither a name nor an address
// of the ingress.
const ViaPortForward = "port-forward"

// checkName compares the addresses that this machine resolves a host name to (hosts file
// and DNS) with the ingress's address. Connections by address don't need the name, so a
// difference is only a warning then.
func (v *validation) checkName(p Endpoint) func(context.Context) Check {
	return func(ctx context.Context) Check {
		if v.options.Via == ViaPortForward {
			return skip("connections go through the API server; the name is not used")
		}
		found, err := (&net.Resolver{}).LookupNetIP(ctx, "ip", p.Host)
		return judgeName(p.Host, found, err, v.subject.Addresses, v.options.Via == "dns")
	}
}

// judgeName is pure. needed: connections use the name.
func judgeName(host string, found []netip.Addr, err error, addresses []netip.Addr, needed bool) Check {
	verdict := warn
	if needed {
		verdict = fail
	}
	fix := finding.Fix{
		Text:    "Add the name to your DNS, or to this machine's hosts file",
		Command: "kubectl orthweb hosts sync",
	}
	expected := host + " resolves to " + orUnknown(join(addresses))
	if err != nil {
		c := verdict(codeNameUnknown, fmt.Sprintf("this machine cannot resolve %s", host), expected, fix)
		c.Details = []string{err.Error()}
		return c
	}
	for i := range found {
		found[i] = found[i].Unmap()
	}
	slices.SortFunc(found, netip.Addr.Compare)
	if len(addresses) == 0 {
		return pass(fmt.Sprintf("%s resolves to %s on this machine; it is not known whether that is the ingress", host, join(found)))
	}
	for _, addr := range found {
		if !slices.Contains(addresses, addr) {
			return verdict(codeNameDiffers, fmt.Sprintf("%s resolves to %s on this machine", host, join(found)), expected, fix)
		}
	}
	return pass(fmt.Sprintf("%s resolves to %s", host, join(found)))
}

func orUnknown(addresses string) string {
	if addresses == "" {
		return "the ingress's address"
	}
	return addresses
}

func join(addresses []netip.Addr) string {
	texts := make([]string, len(addresses))
	for i, addr := range addresses {
		texts[i] = addr.String()
	}
	return strings.Join(texts, ", ")
}
