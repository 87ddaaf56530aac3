// Package events is the command "events".
package events

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/events"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render/eventlist"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

var (
	long = templates.LongDesc(`
		List the events of a tenant, the newest at the end: of everything in its
		namespaces, of its layers and what they apply, of its sources, releases and
		charts, and of the nodes and volumes of its pods. Events of other tenants are
		omitted, even if they are in the same namespace, such as flux-system.

		Events that report the same are one line with their number, as "12m (x5 over
		40m)"; "Pod/orthanc-55d9c5bfb-2v8l7 +2" stands for two more pods. -o json and
		the other formats of kubectl get have each event.

		The API server keeps events for one hour by default.

		The exit status is 0 when events could be read, also if there are none, 2 when
		they could not be read.`)
	example = templates.Examples(`
		# What happened to a tenant in the last hour
		kubectl orthweb events bhs

		# Only warnings of the last ten minutes
		kubectl orthweb events bhs --types=Warning --since=10m

		# Continue with each new event
		kubectl orthweb events bhs --watch

		# Each event, for a script
		kubectl orthweb events bhs -o jsonpath='{range .items[*]}{.reason}{"\n"}{end}'

		# Try it without a cluster
		kubectl orthweb events bhs --from=example:failing`)
)

type options struct {
	call   *command.Call
	output *command.Output
	origin command.Origin
	tenant string
	types  []string
	since  time.Duration
	watch  bool
	// poll is how often events are listed that can't be watched, and rescope is how often the
	// tenant's objects may be read again; 0 for the defaults.
	poll, rescope time.Duration
}

// New is the command "events".
func New(call *command.Call) *cobra.Command {
	o := &options{call: call, output: command.NewOutput()}
	cmd := &cobra.Command{
		Use:     "events [TENANT]",
		Short:   "List the events of a tenant",
		Long:    long,
		Example: example,
		Args:    command.OneTenantAtMost,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.tenant = args[0]
			}
			if err := o.validate(cmd); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.output.AddTo(cmd)
	o.origin.AddTo(cmd.Flags())
	cmd.Flags().StringSliceVar(&o.types, "types", nil, "Types of events to list, separated by commas, each one of: Normal, Warning")
	cmd.Flags().DurationVar(&o.since, "since", 0, "List only events of this duration until now, such as 10m")
	cmd.Flags().BoolVarP(&o.watch, "watch", "w", false, "After listing the events, print each new one, until interrupted")
	return cmd
}

// validate rejects wrong flags before anything is read.
func (o *options) validate(cmd *cobra.Command) error {
	const hint = "See 'kubectl orthweb events --help' for usage."
	for i, name := range o.types {
		at := slices.IndexFunc([]string{events.Normal, events.Warning}, func(known string) bool { return strings.EqualFold(known, name) })
		if at < 0 {
			return advice.Add(fmt.Errorf("--types: unknown type %q", name), "Allowed types: %s, %s.", events.Normal, events.Warning)
		}
		o.types[i] = []string{events.Normal, events.Warning}[at]
	}
	switch {
	case o.since < 0 || o.since == 0 && cmd.Flags().Changed("since"):
		return advice.Add(errors.New("--since must be above 0"), hint)
	case o.watch && !o.origin.Live():
		return advice.Add(errors.New("--watch requires a cluster: a snapshot does not change"), "Remove --from.")
	}
	return o.output.Validate()
}

func (o *options) run(ctx context.Context) error {
	found, session, err := o.read(ctx)
	if err != nil {
		return err
	}
	if o.watch {
		w, err := o.newWatching(session, found)
		if err != nil {
			return err
		}
		return w.run(ctx)
	}
	list := events.List(found.snap, found.scope, o.filter(found.snap.Meta().At))
	if err := o.report(found, len(list)); err != nil {
		return err
	}
	if !o.output.Table() {
		return o.output.Print(o.call.Streams.Out, listOf(list), nil)
	}
	if len(list) == 0 {
		return nil
	}
	printer := eventlist.Printer{Style: o.output.Style(o.call.Streams.Out)}
	return printer.Print(o.call.Streams.Out, events.GroupOf(list), found.snap.Meta().At)
}

// reading is what was read, and when.
type reading struct {
	snap  *snapshot.Snapshot
	scope events.Scope
}

// filter selects the events by the flags.
func (o *options) filter(now time.Time) events.Filter {
	f := events.Filter{Types: o.types}
	if o.since > 0 {
		f.After = now.Add(-o.since)
	}
	return f
}

// report says what could not be read, and that there are no events. It is an error if none could
// be read.
func (o *options) report(found reading, count int) error {
	stderr := o.call.Streams.ErrOut
	missing := found.scope.Missing(found.snap)
	for _, why := range slices.Concat(missing, found.scope.Unread) {
		escape.Fprintf(stderr, "Could not be read: %s\n", why)
	}
	switch {
	case count > 0:
	case len(missing) >= len(found.scope.Namespaces()):
		return advice.Add(fmt.Errorf("no events of tenant %s could be read", found.scope.Tenant),
			"Request the permission to list events, or specify a namespace that you can read with -n.")
	default:
		escape.Fprintf(stderr, "%s\n", o.none(found.scope.Tenant))
	}
	return nil
}

// none is the message if there are no events.
func (o *options) none(tenant string) string {
	what := "No events"
	if len(o.types) == 1 {
		what = "No events of type " + o.types[0]
	}
	switch {
	case o.since > 0:
		return fmt.Sprintf("%s of tenant %s in the last %s.", what, tenant, duration.HumanDuration(o.since))
	case o.origin.Live():
		return fmt.Sprintf("%s of tenant %s. The API server keeps events for one hour by default.", what, tenant)
	}
	return fmt.Sprintf("%s of tenant %s were recorded.", what, tenant)
}

// listOf is a list as `kubectl get events` prints it.
func listOf(list []events.Event) runtime.Object {
	out := &unstructured.UnstructuredList{Object: map[string]any{
		"apiVersion": "v1", "kind": "List", "metadata": map[string]any{"resourceVersion": ""},
	}}
	for _, e := range list {
		out.Items = append(out.Items, *e.Object)
	}
	return out
}
