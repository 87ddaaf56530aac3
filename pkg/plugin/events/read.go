package events

import (
	"context"

	"github.com/digihunch/kubectl-orthweb/pkg/events"
	"github.com/digihunch/kubectl-orthweb/pkg/explain"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

// manyNamespaces is how many lists, each of a namespace, cost more than one of all namespaces.
const manyNamespaces = 16

// read finds the tenant and reads its events, from the cluster or the recording. It also returns
// the session with the cluster, nil for a recording.
func (o *options) read(ctx context.Context) (reading, *collect.Session, error) {
	if !o.origin.Live() {
		snap, err := o.call.Read(ctx, o.origin, nil)
		if err != nil {
			return reading{}, nil, err
		}
		found, err := o.scoped(snap)
		return found, nil, err
	}
	session, err := o.call.Session(ctx, false)
	if err != nil {
		return reading{}, nil, err
	}
	found, err := o.readLive(ctx, session)
	return found, session, command.WhenUnreachable(ctx, err)
}

// readLive reads what determines the tenant's objects, then the events in their namespaces.
func (o *options) readLive(ctx context.Context, session *collect.Session) (reading, error) {
	found, err := o.readScope(ctx, session)
	if err != nil {
		return reading{}, err
	}
	more, err := session.Read(ctx, queriesOf(found.scope))
	if err != nil {
		return reading{}, err
	}
	found.snap = snapshot.Join(found.snap, more)
	return found, nil
}

// readScope reads what determines the tenant's objects.
func (o *options) readScope(ctx context.Context, session *collect.Session) (found reading, err error) {
	var names []string
	if o.tenant != "" {
		names = []string{o.tenant}
	}
	snap, scope, err := explain.ReadTenants(ctx, session, names...)
	if err != nil {
		return reading{}, err
	}
	chosen, err := selection.One(snap, o.tenant, o.call.Namespace())
	if err != nil {
		return reading{}, err
	}
	found.snap, err = session.Settle(ctx, snap, scope, func(snap *snapshot.Snapshot) { found.scope = events.ScopeOf(snap, chosen) })
	return found, err
}

// queriesOf are the lists of events of a tenant: one for each namespace, so that they are read
// in parallel.
func queriesOf(scope events.Scope) []collect.Query {
	namespaces := scope.Namespaces()
	if len(namespaces) > manyNamespaces {
		return []collect.Query{{GroupKind: object.EventKind, Fallback: namespaces}}
	}
	queries := make([]collect.Query, len(namespaces))
	for i, namespace := range namespaces {
		queries[i] = collect.Query{GroupKind: object.EventKind, Namespaces: []string{namespace}}
	}
	return queries
}

// scoped finds the tenant in a recording.
func (o *options) scoped(snap *snapshot.Snapshot) (reading, error) {
	chosen, err := selection.One(snap, o.tenant, o.call.Namespace())
	if err != nil {
		return reading{}, err
	}
	return reading{snap, events.ScopeOf(snap, chosen)}, nil
}
