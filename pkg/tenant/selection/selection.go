// Package selection finds the tenants that a user named, and returns why one was not found:
// it does not exist, it may exist but could not be read, or there is no tenant at all.
package selection

import (
	"errors"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Named finds the named tenants, or all if there are no names, and their states. If some do not
// exist, it returns the states of the others and an *AbsentError. The source is the recording
// that the snapshot was read from, nil for a cluster.
func Named(snap *snapshot.Snapshot, names []string, source *recording.Source) ([]tenant.Status, error) {
	tenants := tenant.Discover(snap)
	if len(tenants) == 0 {
		return nil, newAbsentError(names, nil, snap, None(snap, source))
	}
	if len(names) == 0 {
		statuses := tenant.Assess(snap, tenants)
		tenant.AddCollisions(snap, tenants, statuses)
		return statuses, nil
	}
	var chosen []tenant.Tenant
	var missing []string
	for _, name := range names {
		if t, ok := tenant.Find(tenants, name); ok {
			chosen = append(chosen, t)
		} else {
			missing = append(missing, name)
		}
	}
	statuses := tenant.Assess(snap, chosen)
	tenant.AddCollisions(snap, tenants, statuses)
	if len(missing) > 0 {
		return statuses, newAbsentError(missing, tenants, snap, NotFound(missing[0], tenants, snap))
	}
	return statuses, nil
}

// One is the tenant that was named, the one in the namespace that was named, or the only
// one. Name and namespace may be empty.
func One(snap *snapshot.Snapshot, name, namespace string) (tenant.Tenant, error) {
	tenants := tenant.Discover(snap)
	if name == "" {
		name = namespace
	}
	if found, ok := tenant.Find(tenants, name); ok {
		return found, nil
	}
	if namespace != "" {
		// A user with few permissions in a namespace has still named it.
		if found := tenant.OfNamespace(snap, namespace); name == namespace || name == found.Name {
			return found, nil
		}
	}
	switch {
	case len(tenants) == 0:
		return tenant.Tenant{}, None(snap, nil)
	case name != "":
		return tenant.Tenant{}, NotFound(name, tenants, snap)
	case len(tenants) > 1:
		var names []string
		for _, t := range tenants {
			names = append(names, t.Name)
		}
		return tenant.Tenant{}, advice.Add(errors.New("a tenant must be specified: there are several"), "Tenants: %s.", escape.List(names))
	}
	return tenants[0], nil
}

// Several are the tenants that were named, or else the one of the namespace, or all.
func Several(snap *snapshot.Snapshot, names []string, namespace string) ([]tenant.Tenant, error) {
	tenants := tenant.Discover(snap)
	if len(names) == 0 && (namespace == "" || len(tenants) > 0) {
		if len(tenants) == 0 {
			return nil, None(snap, nil)
		}
		return tenants, nil
	}
	if len(names) == 0 {
		names = []string{namespace}
	}
	var chosen []tenant.Tenant
	for _, name := range names {
		t, err := One(snap, name, namespace)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(chosen, func(c tenant.Tenant) bool { return c.Name == t.Name }) {
			chosen = append(chosen, t)
		}
	}
	return chosen, nil
}
