package status

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/clusters"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/fleet"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

// assessed are the tenants of one of several clusters.
type assessed struct {
	statuses []tenant.Status
	now      time.Time
}

// runClusters shows the tenants of several clusters.
func (o *options) runClusters(ctx context.Context) error {
	results, err := fleet.Each[assessed](ctx, o.call, &o.fleet, func(ctx context.Context, c fleet.Cluster) (any, error) { return o.assess(ctx, c) })
	if err != nil {
		return err
	}
	if err := o.printClusters(results); err != nil {
		return err
	}
	o.adviseClusters(results)
	var all []tenant.Status
	for _, r := range results {
		all = append(all, r.Value.statuses...)
	}
	return fleet.Finish(o.call, o.names, results, verdictOf(all))
}

// assess reads one cluster, and keeps only the states of its tenants.
func (o *options) assess(ctx context.Context, cluster fleet.Cluster) (a assessed, err error) {
	one := *o
	one.call = cluster.Call
	snap, err := one.read(ctx)
	if err != nil {
		return a, err
	}
	a.now = snap.Meta().At
	a.statuses, err = selection.Named(snap, o.names, nil)
	return a, err
}

// printClusters prints lines, chains or objects.
func (o *options) printClusters(results []clusters.Result[assessed]) error {
	out := o.call.Streams.Out
	if !o.output.Table() {
		objects, err := clusters.Convert(results, func(a assessed) (runtime.Object, error) { return versioned.Statuses(a.statuses, a.now, false) })
		if err != nil {
			return err
		}
		object, err := versioned.OfClusters(v1alpha1.TenantStatusListKind, objects, o.names)
		return o.output.Print(out, object, err)
	}
	style := o.output.Style(out)
	answered := clusters.Answered(results, o.names)
	if o.lines() {
		var tables []render.ClusterTenants
		for _, r := range answered {
			tables = append(tables, render.ClusterTenants{Cluster: r.Cluster, Statuses: r.Value.statuses, Now: r.Value.now})
		}
		if len(tables) == 0 {
			return nil
		}
		return render.TenantsOfClusters(out, tables, style)
	}
	for i, r := range answered {
		if i > 0 {
			escape.Fprintln(out)
		}
		if err := render.Cluster(out, r.Cluster, style); err != nil {
			return err
		}
		if err := chains(out, r.Value.statuses, r.Value.now, style); err != nil {
			return err
		}
	}
	return nil
}

// adviseClusters prints the next command on standard error.
func (o *options) adviseClusters(results []clusters.Result[assessed]) {
	if !o.output.Table() || !o.lines() {
		return
	}
	out, explain := o.call.Streams.ErrOut, ""
	var all []tenant.Status
	answered := clusters.Answered(results, nil)
	for _, r := range answered {
		context := " --context=" + escape.ShellWord(r.Cluster)
		warnOfCollisions(out, r.Value.statuses, o.call.Name, context)
		if at := firstNotReady(r.Value.statuses); at >= 0 && explain == "" {
			explain = escape.Sprintf("%s explain %s%s", o.call.Name, escape.ShellWord(r.Value.statuses[at].Name), context)
		}
		all = append(all, r.Value.statuses...)
	}
	if explain != "" {
		why(out, all, " in "+finding.Count(len(answered), "cluster"), explain)
	}
}
