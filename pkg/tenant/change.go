package tenant

import (
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Change is how a tenant's state differs from an earlier one, apart from ages and messages.
type Change struct {
	Tenant string
	// Before and After are the states, nil while the tenant did not exist.
	Before, After *Status
	// Links are the objects of the chain that differ, in its order, those that are no longer
	// in it last.
	Links []LinkChange
}

// LinkChange is how an object of a chain differs from its earlier state.
type LinkChange struct {
	Ref object.Ref
	// Before and After are the states, nil while the object was not in the chain.
	Before, After *Link
}

// Changes are the tenants whose states differ, in the order of after, those that no longer exist
// last.
func Changes(before, after []Status) []Change {
	var changes []Change
	old := make(map[string]*Status, len(before))
	for i := range before {
		old[before[i].Name] = &before[i]
	}
	for i := range after {
		s := &after[i]
		earlier := old[s.Name]
		delete(old, s.Name)
		if c := (Change{Tenant: s.Name, Before: earlier, After: s, Links: linkChanges(earlier, s)}); c.differs() {
			changes = append(changes, c)
		}
	}
	for i := range before {
		if s := &before[i]; old[s.Name] != nil {
			changes = append(changes, Change{Tenant: s.Name, Before: s})
		}
	}
	return changes
}

// Verdict reports whether the verdict of the tenant differs, or what determines it.
func (c Change) Verdict() bool {
	if c.Before == nil || c.After == nil {
		return true
	}
	a, b := c.Before.Verdict, c.After.Verdict
	return a.Status != b.Status || a.Reason != b.Reason || a.Ref.Key() != b.Ref.Key()
}

func (c Change) differs() bool {
	if c.Verdict() || len(c.Links) > 0 {
		return true
	}
	a, b := c.Before, c.After
	return a.LayersReady != b.LayersReady || a.Layers != b.Layers || a.Orthanc != b.Orthanc || a.Database != b.Database ||
		a.Revision != b.Revision || !a.CertificateEnd.Equal(b.CertificateEnd) || !slices.Equal(a.Addresses, b.Addresses) ||
		!a.Web.is(b.Web) || !a.DICOM.is(b.DICOM)
}

func (e Endpoint) is(other Endpoint) bool {
	return e.Port == other.Port && slices.Equal(e.Hosts, other.Hosts)
}

// linkChanges are the objects that differ. With no earlier state, these are none: the whole
// chain is new.
func linkChanges(before, after *Status) []LinkChange {
	if before == nil {
		return nil
	}
	type place struct {
		Section
		object.Key
	}
	placeOf := func(l *Link) place { return place{l.Section, l.Ref.Key()} }
	old, kept := make(map[place]*Link, len(before.Chain)), map[place]bool{}
	for i := range before.Chain {
		old[placeOf(&before.Chain[i])] = &before.Chain[i]
	}
	var changes []LinkChange
	for i := range after.Chain {
		link := &after.Chain[i]
		earlier := old[placeOf(link)]
		kept[placeOf(link)] = true
		if earlier == nil || earlier.Status != link.Status || earlier.Reason != link.Reason {
			changes = append(changes, LinkChange{Ref: link.Ref, Before: earlier, After: link})
		}
	}
	for i := range before.Chain {
		if link := &before.Chain[i]; !kept[placeOf(link)] {
			changes = append(changes, LinkChange{Ref: link.Ref, Before: link})
		}
	}
	return changes
}
