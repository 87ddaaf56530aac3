package selection

import (
	"errors"
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// NotFound is the error of a tenant that is not among those that were found.
func NotFound(name string, tenants []tenant.Tenant, snap *snapshot.Snapshot) error {
	var names []string
	for _, t := range tenants {
		names = append(names, t.Name)
	}
	hint := "Tenants: " + escape.List(names) + "."
	for _, why := range snap.List(object.KustomizationKind, "").Unknown {
		hint += "\nThere may be more tenants: " + escape.Line(why.String()) + "."
	}
	return newAbsentError([]string{name}, tenants, snap, advice.Add(fmt.Errorf("tenant %q does not exist", name), "%s", escape.Composed(hint)))
}

// noneInCluster returns why none was found: no Flux, no permissions, or no tenants.
func noneInCluster(snap *snapshot.Snapshot) error {
	for _, why := range snap.List(object.KustomizationKind, "").Unknown {
		switch why.Reason {
		case snapshot.NotServed:
			return advice.Add(errors.New("no tenant was found: the cluster does not serve Flux's Kustomizations"),
				"Check that --context names the correct cluster, and that Flux is installed (flux check).")
		case snapshot.Forbidden:
			return advice.Add(fmt.Errorf("no tenant was found: %s", why),
				"Request this permission, or specify a namespace that you can read with -n.")
		default:
			return advice.Add(fmt.Errorf("no tenant was found: %s", why), "Try again, perhaps with a longer --request-timeout.")
		}
	}
	return advice.Add(errors.New("no tenant was found: nothing in the cluster runs Orthanc, or is labelled workload=orthweb"),
		"Check that --context names the correct cluster.")
}

// None is the error if no tenant was found, with the reason. In a recording, the reason is
// not a permission, a context or a timeout of the user, and its objects can still be
// explained one by one.
func None(snap *snapshot.Snapshot, source *recording.Source) error {
	if source == nil {
		return newAbsentError(nil, nil, snap, noneInCluster(snap))
	}
	name := source.Name()
	why := fmt.Sprintf("nothing in %s runs Orthanc, or is labelled workload=orthweb", name)
	switch unknown := snap.List(object.KustomizationKind, "").Unknown; {
	case len(unknown) == 0:
	case unknown[0].Reason == snapshot.NotRequested:
		why = name + " has no Kustomizations"
	default:
		why = unknown[0].String()
	}
	ref, ok := anyObject(snap)
	if !ok {
		return advice.Add(errors.New("no tenant was found: "+why), "Record a cluster with tenants: kubectl orthweb snapshot save.")
	}
	command := fmt.Sprintf("kubectl orthweb explain %s/%s", strings.ToLower(ref.Kind), ref.Name)
	if ref.Namespace != "" {
		command += " -n " + ref.Namespace
	}
	return advice.Add(errors.New("no tenant was found: "+why), "Specify an object in it, for example: %s%s", command, source.Flags())
}

// anyObject is the first of the objects that were recorded.
func anyObject(snap *snapshot.Snapshot) (object.Ref, bool) {
	for _, request := range snap.Requests() {
		if request.Kind == object.EventKind.Kind {
			continue
		}
		for _, obj := range snap.List(request.GroupKind(), "").Objects {
			return object.RefOf(obj), true
		}
	}
	return object.Ref{}, false
}
