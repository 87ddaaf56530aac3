// Package logs is the command "logs": what a tenant's containers and its controllers log, as one
// stream.
package logs

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/podlogs"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/logs"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render/logline"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

var (
	long = templates.LongDesc(`
		Print the logs of a tenant as one stream, ordered by time: of all pods in its
		namespaces (Orthanc, PostgreSQL, gateways), and of Flux's controllers,
		cert-manager and istiod those lines that concern the tenant.

		Without --since, --since-time or --tail, it prints the last 100 lines of each
		container, or the last 10 with -f, and of controllers those of the last hour.

		With -f, it continues with new lines, also of new pods and restarted containers,
		after a lost connection and after a restart of the API server. Each line that
		the API server still has is printed exactly once.

		Identifiers of patients and studies are replaced, the same identifier always by
		the same text with a number. It can't recognize a name in a sentence.
		--show-identifiers prints them. Passwords and tokens are always replaced.

		The exit status is 2 when no log could be read.`)
	example = templates.Examples(`
		# What happened lately
		kubectl orthweb logs bhs

		# Follow, from the warnings of the last ten minutes on
		kubectl orthweb logs bhs -f --since=10m --level=warn

		# Why a container crashed
		kubectl orthweb logs bhs -c orthanc --previous

		# Errors, for a script
		kubectl orthweb logs bhs --since=24h --level=error -o json`)
)

type options struct {
	call       *command.Call
	output     *command.Output
	name       string
	follow     bool
	previous   bool
	timestamps bool
	show       bool
	since      time.Duration
	sinceTime  string
	tail       int64
	level      string
	containers []string
	grep       string

	// from is --since-time, least is --level, and pattern is --grep.
	from    time.Time
	least   logs.Level
	pattern *regexp.Regexp
	// limited is set if the user has chosen where to begin.
	limited bool
}

// The formats, besides JSON.
const (
	formatText = "text"
	formatRaw  = "raw"
)

// New is the command "logs".
func New(call *command.Call) *cobra.Command {
	o := &options{call: call, output: command.NewFormats(formatText, command.JSON, formatRaw)}
	cmd := &cobra.Command{
		Use:     "logs [TENANT]",
		Short:   "Print the logs of a tenant",
		Long:    long,
		Example: example,
		Args:    command.OneTenantAtMost,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.name = args[0]
			}
			if err := o.validate(cmd); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.output.AddTo(cmd)
	flags := cmd.Flags()
	flags.BoolVarP(&o.follow, "follow", "f", false, "Continue with new lines until interrupted")
	flags.BoolVarP(&o.previous, "previous", "p", false, "Print the logs of the previous instances of the containers")
	flags.DurationVar(&o.since, "since", 0, "Print lines newer than this duration, such as 10m")
	flags.StringVar(&o.sinceTime, "since-time", "", "Print lines after this time, in RFC 3339")
	flags.Int64Var(&o.tail, "tail", -1, "Number of the last lines of each container to print, all with -1; by default 100, or 10 with -f")
	flags.StringVar(&o.level, "level", "", "Least level of the lines to print: "+strings.Join(logs.Levels(), ", ")+". Lines whose level is not known are always printed")
	flags.StringSliceVarP(&o.containers, "container", "c", nil, "Print the logs of these containers only")
	flags.StringVar(&o.grep, "grep", "", "Print lines that match this regular expression only (RE2), as they are stored")
	flags.BoolVar(&o.timestamps, "timestamps", false, "Print the time of each line")
	flags.BoolVar(&o.show, "show-identifiers", false, "Print identifiers of patients and studies instead of replacing them")
	return cmd
}

// validate rejects wrong flags before anything is read.
func (o *options) validate(cmd *cobra.Command) (err error) {
	const hint = "See 'kubectl orthweb logs --help' for usage."
	changed := cmd.Flags().Changed
	o.limited = changed("since") || changed("since-time") || changed("tail")
	switch {
	case o.follow && o.previous:
		return advice.Add(errors.New("--follow and --previous can't be used together: a previous instance logs nothing more"), "Remove one of them.")
	case changed("since") && changed("since-time"):
		return advice.Add(errors.New("--since and --since-time can't be used together"), "Remove one of them.")
	case changed("since") && o.since <= 0:
		return advice.Add(errors.New("--since must be above 0"), hint)
	case o.tail < -1:
		return advice.Add(errors.New("--tail must be -1, for all lines, or more"), hint)
	case o.timestamps && o.output.Format == command.JSON:
		return advice.Add(errors.New("--timestamps has no effect with -o json, which has the time of each line"), "Remove it.")
	case changed("container") && len(o.containers) == 0, slices.Contains(o.containers, ""):
		return advice.Add(errors.New("--container must be the name of a container"), hint)
	}
	if o.sinceTime != "" {
		if o.from, err = time.Parse(time.RFC3339, o.sinceTime); err != nil {
			return advice.Add(fmt.Errorf("--since-time %q is not a time in RFC 3339", o.sinceTime), "An example: --since-time=2026-01-31T08:00:00Z")
		}
	}
	if o.level != "" {
		if o.least, err = logs.ParseLevel(o.level); err != nil {
			return advice.Add(fmt.Errorf("--level: %w", err), "Levels: %s.", strings.Join(logs.Levels(), ", "))
		}
	}
	if o.pattern, err = regexp.Compile(o.grep); err != nil {
		return advice.Add(fmt.Errorf("--grep: %w", err), "Escape characters that have a meaning in regular expressions with \\.")
	}
	return o.output.Validate()
}

// The lines that are printed if the user does not choose.
const (
	defaultTail       = 100
	defaultTailFollow = 10
	controllersSince  = time.Hour
)

// window is where the logs begin, seen from the API server's clock. shared is that of programs
// that serve other tenants, too: their logs are read completely to find the tenant's lines.
func (o *options) window(now time.Time) (opts podlogs.Options, shared time.Time) {
	opts = podlogs.Options{Follow: o.follow, Previous: o.previous, Since: o.from, Tail: o.tail}
	switch {
	case o.since > 0:
		opts.Since = now.Add(-o.since)
	case !o.limited && o.follow:
		opts.Tail = defaultTailFollow
	case !o.limited && !o.previous:
		opts.Tail = defaultTail
	}
	if opts.Since.IsZero() && !o.previous {
		shared = now.Add(-controllersSince)
	}
	if opts.Tail == 0 && opts.Since.IsZero() {
		opts.Since = now
	}
	return opts, shared
}

func (o *options) run(ctx context.Context) error {
	snap, err := o.call.Collect(ctx, queries.Status(), false)
	if err != nil {
		return err
	}
	found, err := selection.One(snap, o.name, o.call.Namespace())
	if err != nil {
		return err
	}
	config, err := o.call.Config()
	if err != nil {
		return err
	}
	if o.tail == 0 && !o.follow {
		return nil // as kubectl, which prints no lines
	}
	now := snap.Meta().At
	if now.IsZero() {
		now = time.Now()
	}
	opts, shared := o.window(now)
	s := o.newStream(snap, found)
	places := s.places(shared)
	result, err := podlogs.Run(ctx, config, places, opts, podlogs.Sink{Line: s.line, Idle: s.printer.Flush}, s.problem)
	s.report()
	if err != nil {
		return err
	}
	return s.outcome(result)
}

// newStream prepares the output of a tenant's logs.
func (o *options) newStream(snap *snapshot.Snapshot, found tenant.Tenant) *stream {
	status := tenant.Assess(snap, []tenant.Tenant{found})[0]
	var hosts []string
	for _, host := range tenant.HostNames(snap, []tenant.Tenant{found})[0] {
		hosts = append(hosts, host.Name)
	}
	formats := map[string]logline.Format{formatText: logline.Text, command.JSON: logline.JSON, formatRaw: logline.Raw}
	out := o.call.Streams.Out
	return &stream{
		options: o, tenant: found.Name, groups: logs.Places(snap, status), concern: logs.NewConcern(snap, status, hosts),
		identifiers: logs.NewIdentifiers(), readers: map[string]*logs.Reader{}, unread: map[string]bool{}, format: formats[o.output.Format],
		printer: logline.New(out, command.Exact(out), formats[o.output.Format], o.output.Style(out), o.timestamps),
	}
}
