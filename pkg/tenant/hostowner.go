package tenant

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Claim is what a tenant names a host by.
type Claim struct {
	Tenant string
	// From are the tenant's own Gateways, VirtualServices and Certificates that name it.
	From []finding.Ref
}

// HostOwners tells whose a host name is. What a tenant's objects name is a claim; it
// proves nothing, because each tenant writes its own. What counts against a claim is
// another claim, another tenant's name in the host name, and what the machine has
// accepted for another tenant before.
type HostOwners struct {
	tenants []string
	claims  map[string][]Claim
	// accepted are the names that the machine has for each tenant already, domains those
	// of these names, granted the domains that its user has given to one.
	accepted, domains, granted map[string][]string
}

// NewHostOwners takes the claims of all tenants of the cluster: names are those of
// HostNames, in the order of the tenants. A pattern claims no name. Nor does what
// names the host in a namespace that is not the tenant's: a certificate beside a
// central ingress is for all tenants that it serves.
func NewHostOwners(tenants []Tenant, names [][]HostName) *HostOwners {
	o := &HostOwners{
		claims: map[string][]Claim{}, accepted: map[string][]string{}, domains: map[string][]string{}, granted: map[string][]string{},
	}
	for i, t := range tenants {
		o.tenants = append(o.tenants, t.Name)
		for _, h := range names[i] {
			if from := h.own(t); len(from) > 0 && !strings.Contains(h.Name, "*") {
				o.claim(foldHost(h.Name), Claim{t.Name, from})
			}
		}
	}
	return o
}

// claim adds a claim, or to the tenant's claim on the same name.
func (o *HostOwners) claim(name string, c Claim) {
	for i, known := range o.claims[name] {
		if known.Tenant == c.Tenant {
			o.claims[name][i].From = append(known.From, c.From...)
			return
		}
	}
	o.claims[name] = append(o.claims[name], c)
}

// own are the tenant's own objects that have the name.
func (h HostName) own(t Tenant) []finding.Ref {
	var own []finding.Ref
	for _, ref := range h.From {
		if slices.Contains(t.Namespaces, ref.Namespace) {
			own = append(own, ref)
		}
	}
	return own
}

// Accept says that the machine has these names for the tenant already.
func (o *HostOwners) Accept(tenant string, names ...string) {
	if !slices.Contains(o.tenants, tenant) {
		o.tenants = append(o.tenants, tenant)
	}
	for _, name := range names {
		o.accepted[tenant] = append(o.accepted[tenant], foldHost(name))
		if domain := HostDomain(tenant, name); domain != "" && !slices.Contains(o.domains[tenant], domain) {
			o.domains[tenant] = append(o.domains[tenant], domain)
		}
	}
}

// Grant says that the user has given the names under a domain to the tenant.
func (o *HostOwners) Grant(tenant, domain string) {
	o.granted[tenant] = append(o.granted[tenant], foldHost(domain))
}

// OwnershipReason is what tells whose a host name is.
type OwnershipReason string

// What tells whose a host name is, the strongest first.
const (
	ByGrant    OwnershipReason = "the user assigned it to that tenant"
	ByLabel    OwnershipReason = "it contains the name of that tenant"
	ByAccepted OwnershipReason = "this machine has it for that tenant already"
	ByDomain   OwnershipReason = "this machine has other names of its domain for that tenant"
)

// Ownership is whose a host name is.
type Ownership struct {
	// Claims are those of all tenants, in the order of their names.
	Claims []Claim
	// Owners are the tenants that it can belong to, sorted. Without any nothing tells
	// whose it is.
	Owners []string
	// By is what tells so.
	By OwnershipReason
}

// Contested tells whether several tenants claim the name.
func (o Ownership) Contested() bool { return len(o.Claims) > 1 }

// CanBe tells whether the name can be the tenant's: nothing says that it is, or may be,
// another's.
func (o Ownership) CanBe(tenant string) bool {
	return len(o.Owners) == 0 || len(o.Owners) == 1 && o.Owners[0] == tenant
}

// Claimed is whether the tenant's own objects name it.
func (o Ownership) Claimed(tenant string) bool {
	return slices.ContainsFunc(o.Claims, func(c Claim) bool { return c.Tenant == tenant })
}

// Of tells whose the name is. A domain that the user has given to a tenant counts as far
// as it is narrower than what follows from a tenant's name in the host name.
func (o *HostOwners) Of(name string) Ownership {
	name = foldHost(name)
	found := Ownership{Claims: o.claims[name]}
	granted, broad := longest(o.granted, name)
	labelled, narrow := o.labelled(name)
	if len(narrow) > len(broad) {
		granted = nil
	}
	for _, by := range []struct {
		reason OwnershipReason
		owners []string
	}{
		{ByGrant, granted},
		{ByLabel, labelled},
		{ByAccepted, o.having(name)},
		{ByDomain, o.inDomain(name)},
	} {
		switch {
		case len(by.owners) == 0:
		case len(found.Owners) == 0:
			found.By, found.Owners = by.reason, by.owners
		case len(found.Owners) > 1 && len(by.owners) == 1 && slices.Contains(found.Owners, by.owners[0]):
			// Of several whose names are in it, the one that this machine has it for.
			found.By, found.Owners = by.reason, by.owners
		}
	}
	return found
}

// Contested are the names that several tenants claim, sorted.
func (o *HostOwners) Contested() []string {
	var names []string
	for name, claims := range o.claims {
		if len(claims) > 1 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// HostCollision are names that a tenant and another one claim, by one object each.
type HostCollision struct {
	// Names are sorted.
	Names []string
	// Own and Other name them first among the objects of their tenants.
	Own, Other Claim
	// Ownership is whose they are: the same of all names.
	Ownership
}

// maxListed is how many names a sentence lists.
const maxListed = 5

// String is the collision as a sentence.
func (c HostCollision) String() string {
	noun, names := "host name", strings.Join(c.Names, ", ")
	if len(c.Names) > 1 {
		noun = "host names"
	}
	if more := len(c.Names) - maxListed; more > 0 {
		names = fmt.Sprintf("%s and %d more", strings.Join(c.Names[:maxListed], ", "), more)
	}
	return fmt.Sprintf("%s of tenant %s and %s of tenant %s claim the same %s: %s",
		c.Own.From[0], c.Own.Tenant, c.Other.From[0], c.Other.Tenant, noun, names)
}

// Collisions are those of a tenant's names, by the objects that name them. Where
// three or more tenants claim a name, there is one with each.
func (o *HostOwners) Collisions(tenant string) []HostCollision {
	var found []HostCollision
	for _, name := range o.Contested() {
		whose := o.Of(name)
		at := slices.IndexFunc(whose.Claims, func(c Claim) bool { return c.Tenant == tenant })
		if at < 0 {
			continue
		}
		for _, other := range whose.Claims {
			if other.Tenant != tenant {
				found = addCollision(found, HostCollision{[]string{name}, whose.Claims[at], other, whose})
			}
		}
	}
	return found
}

// addCollision adds the name to what the same objects collide about.
func addCollision(found []HostCollision, c HostCollision) []HostCollision {
	for i, has := range found {
		if has.Own.From[0].Same(c.Own.From[0]) && has.Other.From[0].Same(c.Other.From[0]) && slices.Equal(has.Owners, c.Owners) {
			found[i].Names = append(found[i].Names, c.Names...)
			return found
		}
	}
	return append(found, c)
}

// having are the tenants for which the machine has the name.
func (o *HostOwners) having(name string) []string {
	var found []string
	for _, tenant := range slices.Sorted(maps.Keys(o.accepted)) {
		if slices.Contains(o.accepted[tenant], name) {
			found = append(found, tenant)
		}
	}
	return found
}

// inDomain is the one tenant for which the machine has names of the same domain. A
// domain in which several tenants have names is nobody's.
func (o *HostOwners) inDomain(name string) []string {
	if found, _ := longest(o.domains, name); len(found) == 1 {
		return found
	}
	return nil
}

// longest is the narrowest domain that the name is under, and the tenants that have it,
// sorted.
func longest(domains map[string][]string, name string) (found []string, narrowest string) {
	for tenant, list := range domains {
		for _, domain := range list {
			if !UnderDomain(name, domain) || len(domain) < len(narrowest) {
				continue
			}
			if len(domain) > len(narrowest) {
				found, narrowest = nil, domain
			}
			if !slices.Contains(found, tenant) {
				found = append(found, tenant)
			}
		}
	}
	slices.Sort(found)
	return found, narrowest
}

// labelled are the tenants whose name is in the host name, sorted, and the domain from
// there on. The labels below the registrable domain are read from the right: who has
// "mhr.orthweb.com" decides what "bhs.mhr.orthweb.com" is. That of the registrable
// domain counts besides: "bhs.mhr.com" may be either's.
func (o *HostOwners) labelled(name string) (found []string, domain string) {
	labels := strings.Split(name, ".")
	top := len(labels) - registrableLabels(name)
	for i := top - 1; i >= 0 && len(found) == 0; i-- {
		if found = o.named(labels[i]); len(found) > 0 {
			domain = strings.Join(labels[i:], ".")
		}
	}
	if top < len(labels)-1 || len(labels) == 1 {
		registrable := o.named(labels[top])
		if len(found) == 0 && len(registrable) > 0 {
			domain = strings.Join(labels[top:], ".")
		}
		found = append(found, registrable...)
	}
	slices.Sort(found)
	return slices.Compact(found), domain
}

// named are the tenants whose name is the label, or words of it between dashes: of
// "a" and "a-b" it is the latter that "web-a-b" names.
func (o *HostOwners) named(label string) []string {
	var found []string
	for _, tenant := range o.tenants {
		if hasWords(label, asLabel(tenant)) {
			found = append(found, tenant)
		}
	}
	return slices.DeleteFunc(slices.Clone(found), func(tenant string) bool {
		return slices.ContainsFunc(found, func(other string) bool {
			return len(other) > len(tenant) && hasWords(asLabel(other), asLabel(tenant))
		})
	})
}

// hasWords tells whether the words are in the text, both parted by dashes.
func hasWords(text, words string) bool {
	return words != "" && strings.Contains(text, words) && strings.Contains("-"+text+"-", "-"+words+"-")
}

// HostDomain is the domain for which a tenant's host name stands: from the tenant's
// own name on ("bhs.orthweb.com" for bhs and web.bhs.orthweb.com), else what follows
// the first label. A registrable domain is never inferred, nor one above it: there
// are other hosts in it than the tenants'. Then it is "".
func HostDomain(tenant, name string) string {
	name = foldHost(name)
	labels := strings.Split(name, ".")
	most := registrableLabels(name)
	for at := len(labels) - most - 1; at >= 0; at-- {
		if labels[at] == strings.ToLower(tenant) {
			return strings.Join(labels[at:], ".")
		}
	}
	if len(labels)-1 > most {
		return strings.Join(labels[1:], ".")
	}
	return ""
}

// registrableLabels is how many labels the registrable domain of a name has: 2 for
// example.com, 3 for example.co.uk.
func registrableLabels(name string) int {
	suffix, _ := publicsuffix.PublicSuffix(name)
	return min(strings.Count(suffix, ".")+2, strings.Count(name, ".")+1)
}

// UnderDomain tells whether a host name is a domain, or below it.
func UnderDomain(name, domain string) bool {
	name, domain = foldHost(name), foldHost(domain)
	return domain != "" && (name == domain || strings.HasSuffix(name, "."+domain))
}

// foldHost is a host name as resolvers compare it (RFC 4343), without the root's dot.
func foldHost(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }

// AddCollisions adds to the states of tenants the host names that another tenant of all
// those of the cluster claims as well.
func AddCollisions(snap *snapshot.Snapshot, all []Tenant, statuses []Status) {
	owners := NewHostOwners(all, HostNames(snap, all))
	for i := range statuses {
		statuses[i].Collisions = owners.Collisions(statuses[i].Name)
	}
}

// asLabel is a tenant's name as host names have it: in lower case, with a dash for what
// no label has (RFC 1123, section 2.1).
func asLabel(tenant string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(tenant))
}
