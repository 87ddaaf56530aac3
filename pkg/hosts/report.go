package hosts

import (
	"cmp"
	"net/netip"
	"slices"
)

// Report describes the change of the cluster's block. Its lists are sorted by tenant, name
// and address.
type Report struct {
	// Added, Removed and Kept are lines of the block: new, removed, and unchanged.
	Added, Removed, Kept []Line
	// Changed are the names that got another address.
	Changed []AddressChange
	// Conflicts are requested lines that are not in the block, because the file maps the name
	// to another address.
	Conflicts []Conflict
	// Present are requested lines that are not in the block, because the file has the same
	// mapping outside of it.
	Present []Present
}

// AddressChange is a name's line, and the address that it had.
type AddressChange struct {
	Line
	Was netip.Addr
}

// Conflict is a name that the file maps to another address: in a user's line, in the block
// of another cluster, or for another tenant of the same one.
type Conflict struct {
	// Line is the requested line.
	Line
	// At is the number of the line that has the name, from 1. It is 0 when another tenant of
	// the same change also wants the name, and neither gets it.
	At int
	// Has is the address of that line, as written.
	Has string
	// Block is the ID of the block that the line is in, and Other its tenant; both
	// are "" when it is in none.
	Block, Other string
}

// Present is a name that the file has with the same address already.
type Present struct {
	Line
	// At is the number of the line that has it, from 1.
	At int
}

// compare reports the difference between the block's old and next lines. A name has
// another address when it lost one and got one of the same family.
func (r *Report) compare(old, next []Line) {
	for _, line := range next {
		if has(old, line) {
			r.Kept = append(r.Kept, line)
		} else {
			r.Added = append(r.Added, line)
		}
	}
	for _, line := range old {
		if has(next, line) {
			continue
		}
		at := slices.IndexFunc(r.Added, func(added Line) bool {
			return added.Tenant == line.Tenant && added.Name == line.Name && added.Addr.Is4() == line.Addr.Is4()
		})
		if at < 0 {
			r.Removed = append(r.Removed, line)
			continue
		}
		r.Changed = append(r.Changed, AddressChange{r.Added[at], line.Addr})
		r.Added = slices.Delete(r.Added, at, at+1)
	}
	slices.SortFunc(r.Changed, func(a, b AddressChange) int {
		return cmp.Or(compareLines(a.Line, b.Line), a.Was.Compare(b.Was))
	})
}

func has(lines []Line, line Line) bool {
	_, ok := slices.BinarySearchFunc(lines, line, compareLines)
	return ok
}
