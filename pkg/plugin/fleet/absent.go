package fleet

import (
	"cmp"
	"errors"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/explain"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

// Absent is the error of a cluster that does not have some of what the user named: another cluster may
// have it.
type Absent struct {
	names []string
	// uncertain is why one of them may exist after all.
	uncertain error
}

func (a *Absent) Error() string { return "not in this cluster: " + escape.List(a.names) }

// Add adds a name and the error of searching for it. It returns the error unless that is one of
// absence.
func (a *Absent) Add(name string, err error) error {
	var absent *selection.AbsentError
	switch {
	case errors.As(err, &absent):
		a.uncertain = cmp.Or(a.uncertain, absent.Uncertain())
	case !explain.NoObject(err):
		return err
	}
	a.names = append(a.names, name)
	return nil
}

// Err is the error, nil if nothing was added.
func (a *Absent) Err() error {
	if len(a.names) == 0 {
		return nil
	}
	return a
}

// absentOf is the absence that an error reports, of the package or of selection, or nil.
func absentOf(err error) *Absent {
	var absent *Absent
	var tenants *selection.AbsentError
	switch {
	case errors.As(err, &absent):
		return absent
	case errors.As(err, &tenants):
		return &Absent{names: tenants.Names(), uncertain: tenants.Uncertain()}
	}
	return nil
}

// Tenants are the named tenants that a cluster has, or those of the namespace, or all, as
// selection.Several returns them. The error reports those that it does not have.
func Tenants(snap *snapshot.Snapshot, names []string, namespace string) ([]tenant.Tenant, error) {
	if len(names) == 0 {
		return selection.Several(snap, nil, namespace)
	}
	var absent Absent
	var chosen []tenant.Tenant
	for _, name := range names {
		found, err := selection.Several(snap, []string{name}, namespace)
		if err != nil {
			if err := absent.Add(name, err); err != nil {
				return nil, err
			}
		}
		for _, t := range found {
			if !slices.ContainsFunc(chosen, func(c tenant.Tenant) bool { return c.Name == t.Name }) {
				chosen = append(chosen, t)
			}
		}
	}
	return chosen, absent.Err()
}
