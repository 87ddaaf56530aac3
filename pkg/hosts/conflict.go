package hosts

import (
	"net/netip"
	"slices"
)

// holder is a line of the file that maps a name: its number, the address as written, and
// its owner if it is in a block.
type holder struct {
	name, has string
	at        int
	block     *block
	tenant    string
}

func (h holder) is(addr netip.Addr) bool {
	has, err := netip.ParseAddr(h.has)
	return err == nil && has.Unmap() == addr
}

// uncontested are the wanted lines without the names that several tenants want: a name
// resolves to one tenant, and none of them has priority.
func uncontested(wanted []Line) (free []Line, contested []Conflict) {
	claims := map[string][]string{}
	for _, line := range wanted {
		if !slices.Contains(claims[line.Name], line.Tenant) {
			claims[line.Name] = append(claims[line.Name], line.Tenant)
		}
	}
	for _, line := range wanted {
		other := slices.IndexFunc(claims[line.Name], func(tenant string) bool { return tenant != line.Tenant })
		if other < 0 {
			free = append(free, line)
			continue
		}
		contested = append(contested, Conflict{Line: line, Other: claims[line.Name][other]})
	}
	return free, contested
}

// settle returns the wanted lines that may be written in addition to the lines that stay
// in the file, and reports the others.
func (r *Report) settle(wanted []Line, own *block, stays []holder) []Line {
	taken := map[string][]holder{}
	for _, h := range stays {
		taken[h.name] = append(taken[h.name], h)
	}
	var free []Line
	for _, line := range wanted {
		held := taken[line.Name]
		other := slices.IndexFunc(held, func(h holder) bool { return !alsoWanted(wanted, line, h) })
		same := slices.IndexFunc(held, func(h holder) bool { return h.is(line.Addr) && h.block != own })
		switch {
		case other >= 0:
			h := held[other]
			conflict := Conflict{Line: line, At: h.at, Has: h.has, Other: h.tenant}
			if h.block != nil {
				conflict.Block = h.block.id
			}
			r.Conflicts = append(r.Conflicts, conflict)
		case same >= 0:
			r.Present = append(r.Present, Present{line, held[same].at})
		default:
			free = append(free, line)
			taken[line.Name] = append(held, holder{name: line.Name, has: line.Addr.String(), tenant: line.Tenant, block: own})
		}
	}
	return free
}

// alsoWanted reports whether the holder's address is also wanted for the line's tenant: then
// there is no conflict, because a name may have several addresses.
func alsoWanted(wanted []Line, line Line, h holder) bool {
	at, _ := slices.BinarySearchFunc(wanted, Line{Tenant: line.Tenant, Name: line.Name}, compareLines)
	for ; at < len(wanted) && wanted[at].Tenant == line.Tenant && wanted[at].Name == line.Name; at++ {
		if h.is(wanted[at].Addr) {
			return true
		}
	}
	return false
}
