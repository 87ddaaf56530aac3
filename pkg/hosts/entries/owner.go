package entries

import (
	"fmt"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// writable returns the names of the tenant that may be written, and how many are withheld.
func (d *derivation) writable(t tenant.Tenant, names []tenant.HostName, found foundAddresses) (good []string, withheld int) {
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b tenant.HostName) int { return strings.Compare(a.Name, b.Name) })
	for _, h := range names {
		from := ""
		if len(h.From) > 0 {
			from = fmt.Sprintf(" (%s)", h.From[0])
		}
		if err := hosts.CheckName(h.Name, d.Machine); err != nil {
			d.out.Notes = append(d.out.Notes, fmt.Sprintf("%s: omitted %q%s: %v", t.Name, h.Name, from, err))
			continue
		}
		name := strings.ToLower(h.Name)
		if mine, why := d.decide(t.Name, name); !mine {
			d.out.withhold(name, why)
			withheld++
			continue
		}
		switch {
		case slices.Contains(good, name):
		case d.Accepted.inBlock(t.Name, name):
			good = append(good, name)
		case d.Accepted.allowed(t.Name, name):
			if found.why == "" {
				d.out.Notes = append(d.out.Notes, fmt.Sprintf("Accepted for %s by --allow-domain: %s (%s)", t.Name, name, joined(found.addresses)))
			}
			good = append(good, name)
		default:
			d.out.pend(t.Name, name, found)
			withheld++
		}
	}
	return good, withheld
}

// decide returns whether the name belongs to the tenant, as far as that can be
// determined, and otherwise why it is not written. A name in a certificate for several
// tenants belongs to one of them only if something else shows it.
func (d *derivation) decide(name, host string) (mine bool, why string) {
	whose := d.owners.Of(host)
	switch {
	case !whose.Claimed(name):
		return len(whose.Claims) == 0 && slices.Contains(whose.Owners, name), ""
	case whose.Contested():
		return false, fmt.Sprintf("Not written: %s is claimed by %s; %s. Existing lines with it are kept.", host, claimants(whose.Claims), adviceFor(whose))
	case len(whose.Owners) > 1:
		return false, fmt.Sprintf("Not written for %s: %s can belong to %s: %s. If it belongs to %s, add --allow-domain=%s=%s. Existing lines with it are kept.",
			name, host, strings.Join(whose.Owners, " or "), whose.By, name, name, host)
	case !whose.CanBe(name):
		return false, fmt.Sprintf("Not written for %s: %s belongs to %s: %s. Change the host in %s. Existing lines with it are kept.",
			name, host, strings.Join(whose.Owners, " or "), whose.By, whose.Claims[0].From[0])
	}
	return true, ""
}

// claimants are the tenants that claim a name, each with the object that claims it.
func claimants(claims []tenant.Claim) string {
	var all []string
	for _, claim := range claims {
		all = append(all, fmt.Sprintf("%s (%s)", claim.Tenant, claim.From[0]))
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

// adviceFor names the tenant that must stop claiming the name.
func adviceFor(whose tenant.Ownership) string {
	var wrong []string
	for _, claim := range whose.Claims {
		if !whose.CanBe(claim.Tenant) {
			wrong = append(wrong, claim.From[0].String())
		}
	}
	if len(wrong) == 0 || len(wrong) == len(whose.Claims) {
		return "its owner can't be determined: change the host of one of them"
	}
	return fmt.Sprintf("it belongs to %s (%s): change the host in %s", strings.Join(whose.Owners, " or "), whose.By, strings.Join(wrong, ", "))
}
