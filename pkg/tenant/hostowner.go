package tenant

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Claim is the claim of a tenant to a host name.
type Claim struct {
	Tenant string
	// From are the Gateways, VirtualServices and Certificates of the tenant that have
	// it.
	From []object.Ref
}

// HostOwners determines which tenant owns a host name. A name in the objects of a
// tenant is a claim; it proves nothing, because each tenant writes its own objects.
// Another claim, the name of another tenant in the host name, and an earlier acceptance
// for another tenant on this machine count against a claim.
type HostOwners struct {
	tenants []string
	claims  map[string][]Claim
	// accepted are the names that the machine already has for each tenant, domains are
	// the domains of these names, and granted are the domains that the user has
	// assigned to a tenant.
	accepted, domains, granted map[string][]string
	// contested are the names that each tenant and another claim, sorted, nil if something has
	// changed since they were found.
	contested map[string][]ownedName
}

// ownedName is a name with its owner.
type ownedName struct {
	name string
	Ownership
}

// NewHostOwners collects the claims of all tenants of the cluster. names are those of
// HostNames, in the order of the tenants. A pattern claims no name. An object in a
// namespace of no tenant claims none either: a certificate of a central ingress is for
// all tenants that it serves.
func NewHostOwners(tenants []Tenant, names [][]HostName) *HostOwners {
	o := &HostOwners{
		claims: map[string][]Claim{}, accepted: map[string][]string{}, domains: map[string][]string{}, granted: map[string][]string{},
	}
	for i, t := range tenants {
		o.tenants = append(o.tenants, t.Name)
		for _, h := range names[i] {
			if from := h.ownObjects(t); len(from) > 0 && !strings.Contains(h.Name, "*") {
				o.claim(foldHost(h.Name), Claim{t.Name, from})
			}
		}
	}
	return o
}

// claim adds a claim, or extends the claim of the tenant to the same name.
func (o *HostOwners) claim(name string, c Claim) {
	o.contested = nil
	for i, known := range o.claims[name] {
		if known.Tenant == c.Tenant {
			o.claims[name][i].From = append(known.From, c.From...)
			return
		}
	}
	o.claims[name] = append(o.claims[name], c)
}

// ownObjects are the objects of the tenant that have the name.
func (h HostName) ownObjects(t Tenant) []object.Ref {
	var own []object.Ref
	for _, ref := range h.From {
		if slices.Contains(t.Namespaces, ref.Namespace) {
			own = append(own, ref)
		}
	}
	return own
}

// Accept records that the machine already has these names for the tenant.
func (o *HostOwners) Accept(tenant string, names ...string) {
	o.contested = nil
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

// Grant records that the user has assigned the names under a domain to the tenant.
func (o *HostOwners) Grant(tenant, domain string) {
	o.contested = nil
	o.granted[tenant] = append(o.granted[tenant], foldHost(domain))
}

// OwnershipReason is why a host name belongs to a tenant.
type OwnershipReason string

// The reasons why a host name belongs to a tenant, the strongest first.
const (
	ByGrant    OwnershipReason = "the user assigned it to that tenant"
	ByLabel    OwnershipReason = "it contains the name of that tenant"
	ByAccepted OwnershipReason = "this machine has it for that tenant already"
	ByDomain   OwnershipReason = "this machine has other names of its domain for that tenant"
)

// Ownership is the owner of a host name.
type Ownership struct {
	// Claims are those of all tenants, in the order of their names.
	Claims []Claim
	// Owners are the tenants that the name can belong to, sorted. If there are none,
	// the owner is not known.
	Owners []string
	// By is the reason for Owners.
	By OwnershipReason
}

// Contested reports whether several tenants claim the name.
func (o Ownership) Contested() bool { return len(o.Claims) > 1 }

// CanBe reports whether the name can belong to the tenant: nothing indicates that it
// belongs, or may belong, to another.
func (o Ownership) CanBe(tenant string) bool {
	return len(o.Owners) == 0 || len(o.Owners) == 1 && o.Owners[0] == tenant
}

// Claimed reports whether the objects of the tenant have the name.
func (o Ownership) Claimed(tenant string) bool {
	return slices.ContainsFunc(o.Claims, func(c Claim) bool { return c.Tenant == tenant })
}

// Of is the owner of the name. A domain that the user has assigned to a tenant counts
// if it is narrower than the domain that follows from the name of a tenant in the host
// name.
func (o *HostOwners) Of(name string) Ownership {
	name = foldHost(name)
	found := Ownership{Claims: o.claims[name]}
	granted, broad := narrowestDomain(o.granted, name)
	labelled, narrow := o.tenantsInName(name)
	if len(narrow) > len(broad) {
		granted = nil
	}
	for _, by := range []struct {
		reason OwnershipReason
		owners []string
	}{
		{ByGrant, granted},
		{ByLabel, labelled},
		{ByAccepted, o.acceptedFor(name)},
		{ByDomain, o.acceptedInDomain(name)},
	} {
		switch {
		case len(by.owners) == 0:
		case len(found.Owners) == 0:
			found.By, found.Owners = by.reason, by.owners
		case len(found.Owners) > 1 && len(by.owners) == 1 && slices.Contains(found.Owners, by.owners[0]):
			// Of several tenants whose names are in it, the one for which this machine has
			// the name.
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

// HostCollision are names that two tenants claim, with one object each.
type HostCollision struct {
	// Names are sorted.
	Names []string
	// Own and Other are the first claims among the objects of the two tenants.
	Own, Other Claim
	// Ownership is the owner, which is the same for all names.
	Ownership
}

// maxListed is how many names a message lists.
const maxListed = 5

// String is the message about the collision.
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

// Collisions are those of the names of a tenant, by the objects that have them. If
// three or more tenants claim a name, there is one with each.
func (o *HostOwners) Collisions(tenant string) []HostCollision {
	var found []HostCollision
	known := map[collisionKey]int{}
	for _, whose := range o.contestedBy(tenant) {
		at := slices.IndexFunc(whose.Claims, func(c Claim) bool { return c.Tenant == tenant })
		for _, other := range whose.Claims {
			if other.Tenant == tenant {
				continue
			}
			key := collisionKey{whose.Claims[at].From[0].Key(), other.From[0].Key(), fmt.Sprintf("%q", whose.Owners)}
			if i, ok := known[key]; ok {
				found[i].Names = append(found[i].Names, whose.name)
				continue
			}
			known[key] = len(found)
			found = append(found, HostCollision{[]string{whose.name}, whose.Claims[at], other, whose.Ownership})
		}
	}
	return found
}

// collisionKey is what the names of a collision have in common: the objects and the owners.
type collisionKey struct {
	own, other object.Key
	owners     string
}

// contestedBy are the names that a tenant and another claim, sorted.
func (o *HostOwners) contestedBy(tenant string) []ownedName {
	if o.contested == nil {
		o.contested = map[string][]ownedName{}
		for _, name := range o.Contested() {
			whose := ownedName{name, o.Of(name)}
			for _, c := range whose.Claims {
				o.contested[c.Tenant] = append(o.contested[c.Tenant], whose)
			}
		}
	}
	return o.contested[tenant]
}

// acceptedFor are the tenants for which the machine has the name.
func (o *HostOwners) acceptedFor(name string) []string {
	var found []string
	for _, tenant := range slices.Sorted(maps.Keys(o.accepted)) {
		if slices.Contains(o.accepted[tenant], name) {
			found = append(found, tenant)
		}
	}
	return found
}

// acceptedInDomain is the one tenant for which the machine has names of the same domain. A
// domain in which several tenants have names belongs to none.
func (o *HostOwners) acceptedInDomain(name string) []string {
	if found, _ := narrowestDomain(o.domains, name); len(found) == 1 {
		return found
	}
	return nil
}

// narrowestDomain is the narrowest domain that contains the name, and the tenants that have it,
// sorted.
func narrowestDomain(domains map[string][]string, name string) (found []string, narrowest string) {
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

// tenantsInName are the tenants whose name is in the host name, sorted, and the domain from
// there on. The labels below the registrable domain are read from the right: the owner
// of "mhr.orthweb.com" controls "bhs.mhr.orthweb.com". The label of the registrable
// domain counts too: "bhs.mhr.com" may belong to either.
func (o *HostOwners) tenantsInName(name string) (found []string, domain string) {
	labels := strings.Split(name, ".")
	top := len(labels) - registrableLabels(name)
	for i := top - 1; i >= 0 && len(found) == 0; i-- {
		if found = o.tenantsInLabel(labels[i]); len(found) > 0 {
			domain = strings.Join(labels[i:], ".")
		}
	}
	if top < len(labels)-1 || len(labels) == 1 {
		registrable := o.tenantsInLabel(labels[top])
		if len(found) == 0 && len(registrable) > 0 {
			domain = strings.Join(labels[top:], ".")
		}
		found = append(found, registrable...)
	}
	slices.Sort(found)
	return slices.Compact(found), domain
}

// tenantsInLabel are the tenants whose name is the label, or a part of it between dashes: of "a"
// and "a-b", "web-a-b" names the latter.
func (o *HostOwners) tenantsInLabel(label string) []string {
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

// hasWords reports whether the text contains the words, both separated by dashes.
func hasWords(text, words string) bool {
	return words != "" && strings.Contains(text, words) && strings.Contains("-"+text+"-", "-"+words+"-")
}

// HostDomain is the domain of a tenant in a host name: from the name of the tenant on
// ("bhs.orthweb.com" for bhs and web.bhs.orthweb.com), otherwise what follows the first
// label. A registrable domain is never inferred, nor one above it, since it contains
// other hosts; then it is "".
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

// UnderDomain reports whether a host name is a domain, or below it.
func UnderDomain(name, domain string) bool {
	name, domain = foldHost(name), foldHost(domain)
	return domain != "" && (name == domain || strings.HasSuffix(name, "."+domain))
}

// foldHost is a host name in the form that resolvers compare (RFC 4343), without the
// final dot.
func foldHost(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }

// AddCollisions adds to the statuses of tenants the host names that another tenant of
// the cluster also claims.
func AddCollisions(snap *snapshot.Snapshot, all []Tenant, statuses []Status) {
	owners := NewHostOwners(all, HostNames(snap, all))
	for i := range statuses {
		statuses[i].Collisions = owners.Collisions(statuses[i].Name)
	}
}

// asLabel is the name of a tenant as in host names: in lower case, with a dash for
// characters that a label can't have (RFC 1123, section 2.1).
func asLabel(tenant string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(tenant))
}
