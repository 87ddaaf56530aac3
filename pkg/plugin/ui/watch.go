package ui

import (
	"context"
	"errors"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/ui"
)

// watch delivers the states of the tenants.
func (o *options) watch(ctx context.Context, deliver func(ui.Look)) error {
	var stale time.Time
	for {
		snap, err := o.call.Collect(ctx, queries.Status(), false)
		var gone *collect.Error
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &gone):
			if stale.IsZero() {
				stale = time.Now()
			}
			deliver(ui.Look{Stale: stale, Err: err})
		case err != nil:
			return err
		default:
			stale = time.Time{}
			if err := o.deliver(snap, deliver); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Second):
		}
	}
}
