package explain

import (
	"context"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// fewNamespaces is the number of tenants' namespaces up to which all namespaces are read: one
// list per kind then costs no more than a list of each namespace.
const fewNamespaces = 8

// begin reads what status reads, in all namespaces or of the tenants that were named,
// and returns the namespaces to which further reads are limited, nil for all.
func (q *query) begin(ctx context.Context, session *collect.Session) (*snapshot.Snapshot, []string, error) {
	if len(q.Arguments) == 0 {
		snap, err := session.Read(ctx, queries.WithoutEvents(queries.Status()))
		if err != nil {
			return nil, nil, err
		}
		snap, err = addWarnings(ctx, session, snap)
		return snap, nil, err
	}
	shared, err := session.Read(ctx, queries.WithoutEvents(queries.Shared()))
	if err != nil {
		return nil, nil, err
	}
	if q.named() {
		// Objects are searched by their names, and found in the first round.
		shared, err = session.Settle(ctx, shared, nil, func(snap *snapshot.Snapshot) {
			for _, arg := range q.Arguments {
				_, _ = q.findObject(snap, arg) // the search is repeated, and its error is then returned
			}
		})
		if err != nil {
			return nil, nil, err
		}
	}
	own, scope, all := q.scope(shared)
	if all {
		own = nil
	}
	rest, err := session.Read(ctx, queries.WithoutEvents(queries.Workloads(own)))
	if err != nil {
		return nil, nil, err
	}
	snap, err := addWarnings(ctx, session, snapshot.Join(shared, rest))
	return snap, scope, err
}

// named reports whether an object is among the arguments.
func (q *query) named() bool { return slices.ContainsFunc(q.Arguments, isObject) }

func isObject(arg string) bool { return strings.Contains(arg, "/") }

// scope returns the namespaces of the tenants that the arguments name, and the same with
// those that their shared layers affect. All namespaces must be read if there are few, or if
// an argument is not found among the objects that all tenants share.
func (q *query) scope(shared *snapshot.Snapshot) (own, scope []string, all bool) {
	return q.scopeOf(shared, tenant.Discover(shared))
}

// scopeOf is scope for tenants that are known.
func (q *query) scopeOf(shared *snapshot.Snapshot, tenants []tenant.Tenant) (own, scope []string, all bool) {
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
	for _, arg := range q.Arguments {
		if isObject(arg) {
			ref, err := q.findObject(shared, arg)
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

// ReadTenants reads what status reads, of the tenants that were named and what they share. It
// also returns the namespaces to which further reads are limited (collect.Session.Settle), nil
// for all.
func ReadTenants(ctx context.Context, session *collect.Session, names ...string) (*snapshot.Snapshot, []string, error) {
	q := &query{Question: Question{Arguments: names}}
	return q.begin(ctx, session)
}
