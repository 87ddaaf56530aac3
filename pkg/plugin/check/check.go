// Package check is the command "check": whether a cluster is ready for tenants.
package check

import (
	"context"

	"github.com/spf13/cobra"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/check"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/access"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

var (
	long = templates.LongDesc(`
		Check that a cluster has what Korthweb's tenants require: versions of Kubernetes
		and Flux, nodes with capacity for one more tenant, a default StorageClass, a load
		balancer, the controllers of Flux, cert-manager and Istio with their APIs, and
		your permissions. A check that does not pass has a fix below it; a fix of several
		checks is printed once, at the end.

		With --pre, check only what is required before Flux is installed.

		The exit status is 0 when all checks pass, also with warnings, 1 when a check
		fails, 2 when none fails but one could not be performed. A recording does not
		have everything: these checks are UNKNOWN.`)
	examples = templates.Examples(`
		# Before the installation of Flux and Korthweb
		kubectl orthweb check --pre

		# After it, or before another tenant is added
		kubectl orthweb check

		# Names of the checks that fail
		kubectl orthweb check -o jsonpath='{range .checks[?(@.outcome=="FAIL")]}{.name}{"\n"}{end}'`)
)

type options struct {
	call   *command.Call
	output *command.Output
	origin command.Origin
	pre    bool
}

// New is the command "check".
func New(call *command.Call) *cobra.Command {
	o := &options{call: call, output: command.NewOutput().WithoutName()}
	cmd := &cobra.Command{
		Use:     "check",
		Short:   "Check that a cluster is ready for tenants",
		Long:    long,
		Example: examples,
		Args:    command.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.output.Validate(); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.output.AddTo(cmd)
	o.origin.AddTo(cmd.Flags())
	cmd.Flags().BoolVar(&o.pre, "pre", false, "Check only what is required before Flux is installed")
	return cmd
}

func (o *options) run(ctx context.Context) error {
	facts, err := o.facts(ctx)
	if err != nil {
		return err
	}
	categories := check.Run(facts, o.pre)
	out := o.call.Streams.Out
	if o.output.Table() {
		err = render.ClusterChecks(out, categories, o.output.Style(out))
	} else {
		object, encodeErr := versioned.ClusterCheck(categories, facts.Snap.Meta())
		err = o.output.Print(out, object, encodeErr)
	}
	if err != nil {
		return err
	}
	switch check.Worst(categories) {
	case check.Fail:
		return command.No
	case check.Unknown:
		return command.Unclear
	}
	return nil
}

// facts reads the cluster and the user's permissions, or the recording.
func (o *options) facts(ctx context.Context) (check.Facts, error) {
	facts := check.Facts{Client: o.call.Kubernetes}
	var err error
	if facts.Snap, err = o.read(ctx); err != nil {
		return facts, err
	}
	facts.Commands = check.CommandsOf(facts.Snap, o.call.Namespace(), kindsOf(queries.Status()), diagnose.Kinds(), o.pre)
	if o.origin.Live() {
		facts.Access, err = o.permissions(ctx, facts.Commands)
	}
	return facts, err
}

func (o *options) read(ctx context.Context) (*snapshot.Snapshot, error) {
	wanted := queries.Check(o.pre)
	if o.origin.Live() {
		return o.call.Collect(ctx, wanted, true)
	}
	return o.call.Read(ctx, o.origin, wanted)
}

// permissions requests an answer for each permission of the commands, each once.
func (o *options) permissions(ctx context.Context, commands []check.Command) (map[check.Permission]check.Access, error) {
	config, err := o.call.Config()
	if err != nil {
		return nil, err
	}
	var wanted []check.Permission
	var attributes []authorizationv1.ResourceAttributes
	answers := map[check.Permission]check.Access{}
	for _, c := range commands {
		for _, p := range c.Permissions {
			if _, ok := answers[p]; ok {
				continue
			}
			answers[p] = check.Access{}
			wanted = append(wanted, p)
			attributes = append(attributes, authorizationv1.ResourceAttributes{Verb: p.Verb, Group: p.Group, Resource: p.Resource, Namespace: p.Namespace})
		}
	}
	reviewed, err := access.Review(ctx, config, attributes)
	if err != nil {
		return nil, command.WhenUnreachable(ctx, err)
	}
	for i, p := range wanted {
		answers[p] = check.Access{Allowed: reviewed[i].Allowed, Unknown: reviewed[i].Unknown}
	}
	return answers, nil
}

// kindsOf are the kinds of the queries, each once, in their order.
func kindsOf(all []collect.Query) []schema.GroupKind {
	var kinds []schema.GroupKind
	seen := map[schema.GroupKind]bool{}
	for _, query := range all {
		if !seen[query.GroupKind] {
			seen[query.GroupKind] = true
			kinds = append(kinds, query.GroupKind)
		}
	}
	return kinds
}
