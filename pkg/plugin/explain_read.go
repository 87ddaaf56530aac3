package plugin

import (
	"context"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// fewNamespaces is the number of tenants' namespaces up to which all namespaces are
// read: one list a kind then costs no more than a list of each namespace.
const fewNamespaces = 8

// explained is the result of one run of the explainers.
type explained struct {
	explanation diagnose.Explanation
	tenants     int
	err         error
}

// Read gets the facts and explains them. In a live cluster it reads what the explainers
// query, until no query is open; in a cluster of many tenants, it reads only the tenants
// that were named and what they share.
func (o *explainOptions) read(ctx context.Context) (*snapshot.Snapshot, explained, error) {
	var last explained
	reason := func(snap *snapshot.Snapshot) { last = o.reason(snap) }
	if !o.origin.Live() {
		snap, err := o.call.Read(ctx, o.origin, nil)
		if err == nil {
			reason(snap)
		}
		return snap, last, err
	}
	session, err := o.call.Session(ctx, false)
	if err != nil {
		return nil, last, err
	}
	o.kinds = session.KindsNamed
	snap, scope, err := o.begin(ctx, session)
	if err != nil {
		return nil, last, command.WhenUnreachable(ctx, err)
	}
	snap, err = session.Settle(ctx, snap, scope, reason)
	return snap, last, command.WhenUnreachable(ctx, err)
}

func (o *explainOptions) reason(snap *snapshot.Snapshot) explained {
	tenants := tenant.Discover(snap.Known())
	e, err := o.explain(snap, tenants)
	return explained{e, len(tenants), err}
}

// begin reads what status reads, in all namespaces or of the tenants that were named,
// and returns the namespaces to which further reads are limited, nil for all.
func (o *explainOptions) begin(ctx context.Context, session *collect.Session) (*snapshot.Snapshot, []string, error) {
	if len(o.args) == 0 {
		snap, err := session.Read(ctx, queries.Status())
		return snap, nil, err
	}
	shared, err := session.Read(ctx, queries.Shared())
	if err != nil {
		return nil, nil, err
	}
	if o.named() {
		// Objects are searched by their names, and found in the first round.
		shared, err = session.Settle(ctx, shared, nil, func(snap *snapshot.Snapshot) {
			for _, arg := range o.args {
				_, _ = o.findObject(snap, arg) // the search is repeated, and its error is then returned
			}
		})
		if err != nil {
			return nil, nil, err
		}
	}
	own, scope, all := o.scope(shared)
	if all {
		own = nil
	}
	rest, err := session.Read(ctx, queries.Workloads(own))
	if err != nil {
		return nil, nil, err
	}
	return snapshot.Join(shared, rest), scope, nil
}

// named reports whether an object is among the arguments.
func (o *explainOptions) named() bool { return slices.ContainsFunc(o.args, isObject) }

func isObject(arg string) bool { return strings.Contains(arg, "/") }

// scope returns the namespaces of the tenants that the arguments name, and the same
// with those that their shared layers touch. All namespaces must be read where there
// are few, or where an argument is not found among the objects that all tenants share.
func (o *explainOptions) scope(shared *snapshot.Snapshot) (own, scope []string, all bool) {
	tenants := tenant.Discover(shared)
	total := 0
	for _, t := range tenants {
		total += len(t.Namespaces)
	}
	if total <= fewNamespaces {
		return nil, nil, true
	}
	add := func(t tenant.Tenant) {
		own = append(own, t.Namespaces...)
		for _, layer := range t.Layers {
			scope = append(scope, layer.Ref.Namespace)
			if layer.Shared {
				scope = append(scope, tenant.AffectedNamespaces(shared, layer.Ref)...)
			}
		}
	}
	for _, arg := range o.args {
		if isObject(arg) {
			ref, err := o.findObject(shared, arg)
			if err != nil || ref.Namespace == "" {
				return nil, nil, true
			}
			own = append(own, ref.Namespace)
			scope = append(scope, tenant.AffectedNamespaces(shared, ref)...)
			for _, t := range tenants {
				if slices.Contains(t.Namespaces, ref.Namespace) {
					add(t)
				}
			}
			continue
		}
		t, ok := tenant.Find(tenants, arg)
		if !ok {
			return nil, nil, true
		}
		add(t)
	}
	distinct := func(namespaces []string) []string {
		slices.Sort(namespaces)
		return slices.DeleteFunc(slices.Compact(namespaces), func(ns string) bool { return ns == "" })
	}
	return distinct(own), distinct(append(scope, own...)), false
}
