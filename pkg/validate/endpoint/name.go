package endpoint

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// ViaPortForward is the Options.Via of connections that need neither a name nor an address
// of the ingress.
const ViaPortForward = "port-forward"

// JudgeName is pure. needed: connections use the name.
func JudgeName(host string, found []netip.Addr, err error, addresses []netip.Addr, needed bool) check.Check {
	verdict := check.Warned
	if needed {
		verdict = check.Failed
	}
	fix := finding.Fix{
		Text:    "Add the name to your DNS, or to this machine's hosts file",
		Command: "kubectl orthweb hosts sync",
	}
	expected := host + " resolves to " + orUnknown(join(addresses))
	if err != nil {
		c := verdict(check.CodeNameUnknown, fmt.Sprintf("this machine cannot resolve %s", host), expected, fix)
		c.Details = []string{err.Error()}
		return c
	}
	for i := range found {
		found[i] = found[i].Unmap()
	}
	slices.SortFunc(found, netip.Addr.Compare)
	if len(addresses) == 0 {
		return check.Passed(fmt.Sprintf("%s resolves to %s on this machine; it is not known whether that is the ingress", host, join(found)))
	}
	for _, addr := range found {
		if !slices.Contains(addresses, addr) {
			return verdict(check.CodeNameDiffers, fmt.Sprintf("%s resolves to %s on this machine", host, join(found)), expected, fix)
		}
	}
	return check.Passed(fmt.Sprintf("%s resolves to %s", host, join(found)))
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
