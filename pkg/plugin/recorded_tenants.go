package plugin

import (
	"errors"
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// noTenantsIn tells why no tenant was found in the source of the facts. In a recording,
// the reason is no permission, context or timeout, and its objects can still be explained
// one by one.
func noTenantsIn(snap *snapshot.Snapshot, o origin) error {
	if o.live() {
		return noTenants(snap)
	}
	name := strings.Join(o.from, ", ")
	why := fmt.Sprintf("nothing in %s runs Orthanc, or is labelled workload=orthweb", name)
	switch unknown := snap.List(object.KustomizationKind, "").Unknown; {
	case len(unknown) == 0:
	case unknown[0].Why == snapshot.NotAsked:
		why = name + " has no Kustomizations"
	default:
		why = unknown[0].String()
	}
	ref, ok := anyObject(snap)
	if !ok {
		return withHint(errors.New("no tenant was found: "+why), "Record a cluster with tenants: %s snapshot save.", usualName)
	}
	command := fmt.Sprintf("%s explain %s/%s", usualName, strings.ToLower(ref.Kind), ref.Name)
	if ref.Namespace != "" {
		command += " -n " + ref.Namespace
	}
	return withHint(errors.New("no tenant was found: "+why), "Specify an object in it, for example: %s%s", command, o.hint())
}

// anyObject is the first of the objects that were recorded.
func anyObject(snap *snapshot.Snapshot) (object.Ref, bool) {
	for _, asked := range snap.Asked() {
		if asked.Kind == object.EventKind.Kind {
			continue
		}
		for _, obj := range snap.List(asked.GroupKind(), "").Objects {
			return object.RefOf(obj), true
		}
	}
	return object.Ref{}, false
}
