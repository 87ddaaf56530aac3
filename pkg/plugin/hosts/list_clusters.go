package hosts

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/clusters"
	hostsfile "github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts/entries"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/fleet"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
)

// runClusters lists the entries of several clusters. What was accepted in the block of a cluster is
// accepted for this cluster.
func (o *listOptions) runClusters(ctx context.Context) error {
	config, err := o.call.Kubeconfig()
	if err != nil {
		return err
	}
	o.locate()
	file := o.file()
	results, err := fleet.Each[entries.Result](ctx, o.call, &o.fleet, func(ctx context.Context, cluster fleet.Cluster) (any, error) {
		return o.deriveCluster(ctx, cluster, file.EntriesOf(idOf(cluster.Name, config.Contexts[cluster.Name].Cluster)))
	})
	if err != nil {
		return err
	}
	removeCollisions(results)
	if err := o.printClusters(results); err != nil {
		return err
	}
	var answers []error
	for _, r := range results {
		answers = append(answers, answer(r.Value))
	}
	return fleet.Finish(o.call, o.tenants, results, fleet.Worst(answers))
}

// deriveCluster determines the entries of one cluster. What could not be done as requested is in its
// notes.
func (o *listOptions) deriveCluster(ctx context.Context, cluster fleet.Cluster, has []hostsfile.Entry) (entries.Result, error) {
	snap, err := cluster.Call.Collect(ctx, queries.OnlyFields(queries.Ingress("")), false)
	if err != nil {
		return entries.Result{}, err
	}
	own := o.derived
	own.call, own.context = cluster.Call, cluster.Name
	var absent error
	if len(o.tenants) > 0 {
		chosen, err := fleet.Tenants(snap, o.tenants, o.call.Namespace())
		if len(chosen) == 0 {
			return entries.Result{}, err
		}
		absent, own.options.Names = err, nil
		for _, t := range chosen {
			own.options.Names = append(own.options.Names, t.Name)
		}
	}
	result, err := own.deriveFrom(ctx, snap, has)
	if err != nil {
		return entries.Result{}, err
	}
	own.say(result)
	own.sayPending("list", result)
	return result, absent
}

// removeCollisions removes the names that clusters have with different addresses: a hosts file can have
// a name for one cluster only, and which one is the user's choice.
func removeCollisions(results []clusters.Result[entries.Result]) {
	type place struct {
		cluster   string
		addresses []netip.Addr
	}
	places := map[string][]place{}
	for _, r := range results {
		for _, e := range r.Value.Entries {
			for _, name := range e.Names {
				all := places[name]
				if len(all) == 0 || all[len(all)-1].cluster != r.Cluster {
					all = append(all, place{cluster: r.Cluster})
				}
				last := &all[len(all)-1]
				last.addresses = append(last.addresses, e.Addr)
				slices.SortFunc(last.addresses, netip.Addr.Compare)
				places[name] = all
			}
		}
	}
	for i := range results {
		result := &results[i].Value
		for j := range result.Entries {
			entry := &result.Entries[j]
			entry.Names = slices.DeleteFunc(slices.Clone(entry.Names), func(name string) bool {
				own := slices.IndexFunc(places[name], func(p place) bool { return p.cluster == results[i].Cluster })
				other := slices.IndexFunc(places[name], func(p place) bool { return !slices.Equal(p.addresses, places[name][own].addresses) })
				if other < 0 {
					return false
				}
				sentence := fmt.Sprintf("%s: %s has another address in the cluster %s; list the cluster that you use alone, with --context", entry.Tenant, name, places[name][other].cluster)
				if !slices.Contains(result.Lacking, sentence) {
					result.Lacking = append(result.Lacking, sentence)
					results[i].Notes += "No entry for " + sentence + "\n"
				}
				return true
			})
		}
		result.Entries = slices.DeleteFunc(result.Entries, func(e hostsfile.Entry) bool { return len(e.Names) == 0 })
	}
}

// printClusters prints lines, or an object.
func (o *listOptions) printClusters(results []clusters.Result[entries.Result]) error {
	out := o.call.Streams.Out
	if o.lines() {
		var all []line
		for _, r := range clusters.Answered(results, o.tenants) {
			all = append(all, linesOf(r.Value.Entries, r.Cluster)...)
		}
		return printLines(out, all)
	}
	objects, err := clusters.Convert(results, func(result entries.Result) (runtime.Object, error) {
		return versioned.HostEntries(result.Entries, result.Unwritten())
	})
	if err != nil {
		return err
	}
	object, err := versioned.OfClusters(v1alpha1.HostEntryListKind, objects, o.tenants)
	return o.output.Print(out, object, err)
}
