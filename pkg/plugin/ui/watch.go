package ui

import (
	"context"
	"errors"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/watch"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
	"github.com/digihunch/kubectl-orthweb/pkg/ui"
)

// openAgain is how long to wait before another attempt to reach the API server at the start.
const openAgain = 2 * time.Second

// watch delivers the states of the tenants of the cluster.
func (o *options) watch(ctx context.Context, deliver func(ui.Look)) error {
	began := time.Now()
	session, err := o.call.SessionWhenReachable(ctx, openAgain, func(err error) error {
		deliver(ui.Look{Stale: began, Err: err})
		return nil
	})
	if err != nil {
		return err
	}
	quiet := watch.Options{Quiet: queries.Quiet()}
	return watch.Run(ctx, session, queries.Status(), quiet, func(u watch.Update) error {
		if u.Snapshot == nil {
			deliver(ui.Look{Stale: u.Stale, Err: u.Err})
			return nil
		}
		look, err := o.look(u.Snapshot)
		look.Stale, look.Err = u.Stale, u.Err
		if err == nil {
			deliver(look)
		}
		return err
	})
}

// look is the state of the tenants in a snapshot. Its error is that of the tenant that the user
// named, which must exist at the start, or of a recording without tenants. In a cluster, tenants
// may still be created.
func (o *options) look(snap *snapshot.Snapshot) (ui.Look, error) {
	look := ui.Look{At: snap.Meta().At}
	statuses, err := selection.Named(snap, nil, o.origin.Recording())
	var absent *selection.AbsentError
	switch {
	case errors.As(err, &absent) && o.origin.Live() && o.tenant == "":
		look.Absent = err
		return look, nil
	case err != nil:
		return look, err
	}
	look.Statuses = statuses
	if o.tenant != "" {
		if _, err := selection.Named(snap, []string{o.tenant}, o.origin.Recording()); err != nil {
			return look, err
		}
		o.tenant = "" // it may be removed later
	}
	return look, nil
}
