package validate

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/clusters"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/explain"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/fleet"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// validateClusters rejects what is for the tenant of one cluster: its files and its password must not
// be sent to another.
func (o *options) validateClusters(flags *pflag.FlagSet) error {
	err := o.fleet.Validate(flags)
	switch {
	case err != nil || !o.fleet.Set():
		return err
	case o.tenant == "":
		return advice.Add(errors.New("several clusters require the name of a tenant"), "For example: kubectl orthweb validate bhs --contexts='prod-*'.")
	case len(o.files.paths) > 0:
		return advice.Add(errors.New("files can't be sent to several clusters"), "Name one with --context.")
	case o.web.user != "" && o.web.secret == "":
		return advice.Add(errors.New("--user would prompt for the password of each cluster"), "Add --password-secret, which is read in each cluster.")
	}
	return nil
}

// runClusters validates a tenant in each of several clusters.
func (o *options) runClusters(ctx context.Context) error {
	o.warn()
	results, err := fleet.Each[result](ctx, o.call, &o.fleet, func(ctx context.Context, c fleet.Cluster) (any, error) { return o.checkCluster(ctx, c) })
	if err != nil {
		return err
	}
	names := []string{o.tenant}
	if err := o.printClusters(results, names); err != nil {
		return err
	}
	var answers []error
	for _, r := range clusters.Answered(results, names) {
		answers = append(answers, answerOf(check.Worst(r.Value.checks)))
	}
	return fleet.Finish(o.call, names, results, fleet.Worst(answers))
}

// checkCluster validates the tenant in one cluster.
func (o *options) checkCluster(ctx context.Context, cluster fleet.Cluster) (result, error) {
	own := *o
	own.call = cluster.Call
	r, err := own.check(ctx, func(check.Check) {})
	if err != nil {
		if n := len(r.checks); n > 0 {
			err = fmt.Errorf("the checks were interrupted, the last one was %s: %w", r.checks[n-1].Name, err)
		}
		var absent fleet.Absent
		if err := absent.Add(o.tenant, err); err != nil {
			return result{}, err
		}
		return result{}, absent.Err()
	}
	for i := range r.checks {
		r.checks[i].Fix.Command = escape.InContext(r.checks[i].Fix.Command, cluster.Name)
	}
	if r.inside != nil {
		inside := explain.InContext(*r.inside, cluster.Name)
		r.inside = &inside
	}
	return r, nil
}

// printClusters prints the checks of each cluster.
func (o *options) printClusters(results []clusters.Result[result], names []string) error {
	out, style := o.call.Streams.Out, o.output.Style(o.call.Streams.Out)
	switch o.output.Format {
	case command.JUnit:
		var suites []versioned.ClusterValidation
		for _, r := range clusters.Answered(results, names) {
			suites = append(suites, versioned.ClusterValidation{Cluster: r.Cluster, Tenant: r.Value.tenant, At: r.Value.began, Checks: r.Value.checks})
		}
		return versioned.JUnitOfClusters(out, o.tenant, suites, clusters.MissingOf(results))
	case command.JSON, command.YAML:
		objects, err := clusters.Convert(results, func(r result) (runtime.Object, error) {
			return versioned.Validation(r.tenant, r.began, r.checks, r.inside)
		})
		if err != nil {
			return err
		}
		object, err := versioned.OfClusters(v1alpha1.ValidationListKind, objects, names)
		return o.output.Print(out, object, err)
	}
	for i, r := range clusters.Answered(results, names) {
		if i > 0 {
			escape.Fprintln(out)
		}
		if err := render.Cluster(out, r.Cluster, style); err != nil {
			return err
		}
		for _, c := range r.Value.checks {
			if err := render.ValidationCheck(out, c, style); err != nil {
				return err
			}
		}
		if err := printVerdict(out, r.Value, style); err != nil {
			return err
		}
	}
	return nil
}
