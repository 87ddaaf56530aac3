package plugin

import (
	"maps"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// troubled gathers the namespaces in which a cause may be.
type troubled struct {
	snap       *snapshot.Snapshot
	namespaces map[string]bool
}

// secondRound is what to read besides, having seen what status sees: nothing
// where nothing is wrong.
func (o *explainOptions) secondRound(snap *snapshot.Snapshot) []collect.Want {
	t := troubled{snap: snap, namespaces: map[string]bool{}}
	t.tenants(o.args)
	for _, arg := range o.args {
		if !strings.Contains(arg, "/") {
			continue
		}
		ref, err := findObject(snap, arg, o.facts.namespace())
		switch {
		case err == nil:
			t.object(ref)
		case o.facts.namespace() == "":
			return causeWants(nil) // of a kind that the first round does not read: it may be anywhere
		}
		t.add(o.facts.namespace())
	}
	if len(t.namespaces) == 0 {
		return nil
	}
	return causeWants(slices.Sorted(maps.Keys(t.namespaces)))
}

func (t troubled) add(namespace string) {
	if namespace != "" {
		t.namespaces[namespace] = true
	}
}

// object adds where an object is and, of a layer, all that it applies to.
func (t troubled) object(ref finding.Ref) {
	t.add(ref.Namespace)
	for _, namespace := range tenant.Touches(t.snap, ref) {
		t.add(namespace)
	}
}

// tenants adds those of the tenants that were named, or of all that are not
// ready; where there are no tenants, those of what Flux could not make ready.
func (t troubled) tenants(args []string) {
	tenants := tenant.Discover(t.snap)
	if len(tenants) == 0 && len(args) == 0 {
		for _, ref := range diagnose.Unready(t.snap) {
			t.object(ref)
		}
	}
	for i, status := range tenant.Assess(t.snap, tenants) {
		if len(args) == 0 && !status.Ready() || named(args, status) {
			t.tenant(tenants[i], status)
		}
	}
}

func named(args []string, status tenant.Status) bool {
	return slices.ContainsFunc(args, func(arg string) bool {
		return arg == status.Name || slices.Contains(status.Namespaces, arg)
	})
}

func (t troubled) tenant(of tenant.Tenant, status tenant.Status) {
	for _, namespace := range status.Namespaces {
		t.add(namespace)
	}
	for _, layer := range of.Layers {
		t.add(layer.Ref.Namespace)
	}
	for _, link := range status.Chain {
		t.add(link.Ref.Namespace)
		if link.Status != health.Ready {
			t.object(link.Ref)
		}
	}
}
