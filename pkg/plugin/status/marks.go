package status

import (
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// markTime is how long after its last change a tenant is marked.
const markTime = 10 * time.Second

// marks are the tenants that have changed lately, by name. A tenant that changes again while it is
// marked is still compared with its state before the first change.
type marks map[string]mark

type mark struct {
	before *tenant.Status // nil if the tenant did not exist
	at     time.Time      // of the last change
}

func (m marks) add(changes []tenant.Change, now time.Time) {
	for _, c := range changes {
		before := c.Before
		if earlier, ok := m[c.Tenant]; ok && now.Sub(earlier.at) <= markTime {
			before = earlier.before
		}
		m[c.Tenant] = mark{before, now}
	}
}

// changes are those of the marked tenants up to the current states. It forgets older marks.
func (m marks) changes(current []tenant.Status, now time.Time) []tenant.Change {
	var before, after []tenant.Status
	for name, mark := range m {
		if now.Sub(mark.at) > markTime {
			delete(m, name)
		} else if mark.before != nil {
			before = append(before, *mark.before)
		}
	}
	for _, s := range current {
		if _, ok := m[s.Name]; ok {
			after = append(after, s)
		}
	}
	return tenant.Changes(before, after)
}
