package report

import (
	"context"

	"github.com/digihunch/kubectl-orthweb/pkg/clusters"
	"github.com/digihunch/kubectl-orthweb/pkg/explain"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/fleet"
	"github.com/digihunch/kubectl-orthweb/pkg/report"
)

// runClusters writes one report about several clusters. It also lists those that could not be read:
// without one that could be read, there is no report.
func (o *options) runClusters(ctx context.Context) error {
	results, err := fleet.Each[report.Cluster](ctx, o.call, &o.fleet, func(ctx context.Context, c fleet.Cluster) (any, error) { return o.readCluster(ctx, c) })
	if err != nil {
		return err
	}
	if len(clusters.Answered(results, o.names)) == 0 {
		return fleet.Finish(o.call, o.names, results, nil)
	}
	var found []report.Cluster
	for _, r := range results {
		c := r.Value
		c.Name, c.Err = r.Cluster, r.Err
		if r.Err != nil || len(c.Tenants)+len(c.Objects) > 0 || len(o.names) == 0 {
			found = append(found, c)
		}
	}
	if len(clusters.MissingOf(results)) == 0 {
		return fleet.Finish(o.call, o.names, results, o.finish(o.reportOf(found...)))
	}
	if err := o.write(o.reportOf(found...)); err != nil {
		return err
	}
	return fleet.Finish(o.call, o.names, results, nil)
}

// readCluster summarizes what one cluster has of the named tenants. Its commands are for its context.
func (o *options) readCluster(ctx context.Context, cluster fleet.Cluster) (report.Cluster, error) {
	session, err := cluster.Call.Session(ctx, true)
	if err != nil {
		return report.Cluster{}, err
	}
	snap, answer, err := live(ctx, session, o.names)
	if err != nil {
		return report.Cluster{}, err
	}
	var absent fleet.Absent
	if answer.Err != nil && len(o.names) > 0 { // the cluster may have some of them
		var has []string
		for _, name := range o.names {
			_, one, err := live(ctx, session, []string{name})
			switch {
			case err != nil:
				return report.Cluster{}, err
			case one.Err == nil:
				has = append(has, name)
				continue
			}
			if err := absent.Add(name, one.Err); err != nil {
				return report.Cluster{}, err
			}
		}
		if len(has) == 0 {
			return report.Cluster{}, absent.Err()
		}
		if snap, answer, err = live(ctx, session, has); err != nil {
			return report.Cluster{}, err
		}
	}
	if answer.Err != nil {
		return report.Cluster{}, answer.Err
	}
	return report.Of(cluster.Name, snap, explain.InContext(answer.Explanation, cluster.Name)), absent.Err()
}
