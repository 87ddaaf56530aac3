package operate

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Switch is one of a tenant's own objects that can be suspended, and whether it is.
type Switch struct {
	Ref       object.Ref
	Tenant    string
	Suspended bool
}

// NoOwnError is the error of a tenant without its own layers: suspending those that it
// depends on would suspend other tenants.
type NoOwnError struct {
	Tenant string
	// Shared are the layers that were not changed.
	Shared []object.Ref
}

func (e *NoOwnError) Error() string {
	text := fmt.Sprintf("tenant %s has no layers of its own, so nothing was changed", e.Tenant)
	if len(e.Shared) > 0 {
		text += ": other tenants also depend on " + names(e.Shared)
	}
	return text
}

// UnreadError is the error of a tenant that could not be read completely: suspending only
// a part of it would not be noticed.
type UnreadError struct {
	Tenant, Reason string
}

func (e *UnreadError) Error() string {
	return fmt.Sprintf("tenant %s could not be read completely, so nothing was changed: %s", e.Tenant, e.Reason)
}

// Switches are the tenants' own layers, in the order in which they are applied,
// then their releases; never what is shared. statuses are of the same snapshot.
// Errors are *NoOwnError and *UnreadError.
func Switches(snap *snapshot.Snapshot, statuses []tenant.Status) ([]Switch, error) {
	var all []Switch
	for _, s := range statuses {
		own, err := switchesOf(snap, s)
		if err != nil {
			return nil, err
		}
		all = append(all, own...)
	}
	return all, nil
}

func switchesOf(snap *snapshot.Snapshot, s tenant.Status) ([]Switch, error) {
	var own []Switch
	var shared []object.Ref
	layers := 0
	for _, link := range s.Chain {
		switch link.Section {
		case tenant.SharedLayers:
			shared = append(shared, link.Ref)
			continue
		case tenant.OwnLayers:
			layers++
		case tenant.Releases:
		default:
			continue
		}
		answer := snap.Lookup(link.Ref)
		if link.Ref.Name == "" || answer.Presence == snapshot.Unknown {
			return nil, &UnreadError{s.Name, link.Message}
		}
		if answer.Presence == snapshot.Present { // the release may no longer exist
			own = append(own, Switch{object.RefOf(answer.Object), s.Name, isSuspended(answer.Object)})
		}
	}
	if layers == 0 {
		return nil, &NoOwnError{s.Name, shared}
	}
	return own, nil
}

func isSuspended(obj *unstructured.Unstructured) bool {
	return object.Bool(obj.Object, "spec", "suspend")
}
