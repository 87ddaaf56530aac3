package cert

import (
	"context"
	"io"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/clusters"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/fleet"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
)

// listed are the certificates of one of several clusters.
type listed struct {
	entries []trust.Entry
	now     time.Time
}

// runClusters lists the certificates of several clusters.
func (o *listOptions) runClusters(ctx context.Context) error {
	results, err := fleet.Each[listed](ctx, o.call, &o.fleet, func(ctx context.Context, c fleet.Cluster) (any, error) { return o.listCluster(ctx, c) })
	if err != nil {
		return err
	}
	if err := o.printClusters(results); err != nil {
		return err
	}
	count := 0
	for _, r := range results {
		count += len(r.Value.entries)
	}
	return fleet.Finish(o.call, o.names, results, o.answer(count))
}

// listCluster lists the certificates of one cluster.
func (o *listOptions) listCluster(ctx context.Context, cluster fleet.Cluster) (listed, error) {
	snap, err := cluster.Call.Collect(ctx, queries.OnlyFields(queries.Certificates(o.call.Namespace(), o.secrets)), false)
	if err != nil {
		return listed{}, err
	}
	tenants, absent := fleet.Tenants(snap, o.names, o.call.Namespace())
	if len(tenants) == 0 {
		return listed{now: snap.Meta().At}, absent
	}
	entries, err := o.entries(ctx, snap, tenants)
	if err != nil {
		return listed{}, err
	}
	return listed{entries, snap.Meta().At}, absent
}

func (o *listOptions) printClusters(results []clusters.Result[listed]) error {
	return o.print(func(out io.Writer, style term.Style) error {
		var tables []render.ClusterCertificates
		for _, r := range clusters.Answered(results, o.names) {
			if len(r.Value.entries) > 0 {
				tables = append(tables, render.ClusterCertificates{Cluster: r.Cluster, Entries: r.Value.entries, Now: r.Value.now})
			}
		}
		switch {
		case len(tables) > 0:
			return render.CertificatesOfClusters(out, tables, style)
		case len(clusters.MissingOf(results)) > 0:
			return nil // there may be some
		}
		_, err := escape.Fprintln(out, o.none())
		return err
	}, func() (runtime.Object, error) {
		objects, err := clusters.Convert(results, func(l listed) (runtime.Object, error) { return versioned.CertificateList(l.entries, l.now) })
		if err != nil {
			return nil, err
		}
		return versioned.OfClusters(v1alpha1.CertificateListKind, objects, o.names)
	})
}
