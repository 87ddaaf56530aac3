// Package ui is the command "ui": the terminal application.
package ui

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/explain"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	style "github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/ui"
)

var (
	uiLong = templates.LongDesc(`
		Watch and operate tenants in a terminal application: the tenants, and for the
		selected one its chain, the causes of its state with their fixes, its events
		and its logs.

		It shows what 'status', 'explain', 'events' and 'logs' show, and runs
		'reconcile', 'suspend', 'resume' and 'validate' after a question. Press ? for
		the keys. With --from nothing can be changed.

		--linear is for screen readers, and for terminals without cursor movement: it
		prints lines, and reads commands.`)
	uiExample = templates.Examples(`
		# Start the application
		kubectl orthweb ui

		# Begin with a tenant
		kubectl orthweb ui bhs

		# For a screen reader
		kubectl orthweb ui --linear

		# Try it without a cluster
		kubectl orthweb ui --from=example:failing`)
)

type options struct {
	call   *command.Call
	run    Runner
	tenant string
	origin command.Origin
	linear bool
}

// Runner runs a command of the program with the same connection, and returns its exit status.
type Runner func(ctx context.Context, args []string, out io.Writer) int

// New is the command "ui", which runs other commands with run.
func New(call *command.Call, run Runner) *cobra.Command {
	o := &options{call: call, run: run}
	cmd := &cobra.Command{
		Use:     "ui [TENANT]",
		Short:   "Watch and operate tenants in a terminal",
		Long:    uiLong,
		Example: uiExample,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.tenant = args[0]
			}
			if err := o.validate(cmd); err != nil {
				return err
			}
			return o.start(cmd.Context())
		},
	}
	o.origin.AddTo(cmd.Flags())
	cmd.Flags().BoolVar(&o.linear, "linear", false, "Print lines and read commands, for screen readers; the default if TERM is dumb")
	return cmd
}

// validate rejects wrong flags, and streams that are no terminal, before anything is read.
func (o *options) validate(cmd *cobra.Command) error {
	o.linear = o.linear || os.Getenv("TERM") == "dumb"
	if o.linear {
		return nil // with --from=-, it shows the tenants and ends: there is nothing to read commands from
	}
	if slices.Contains(o.origin.From, "-") {
		return advice.Add(errors.New("--from=- can't be used: standard input is the keyboard"), "Save the recording to a file.")
	}
	_, isOut := command.TerminalOf(o.call.Streams.Out)
	if in, ok := o.call.Streams.In.(*os.File); !ok || !term.IsTerminal(int(in.Fd())) || !isOut {
		return advice.Add(errors.New("standard input and standard output must be a terminal"),
			"For a script, use 'kubectl orthweb status -o json' or 'status --watch'. For a screen reader, add --linear.")
	}
	if _, isErr := command.TerminalOf(o.call.Streams.ErrOut); isErr && command.Given(cmd.Flags(), "v") {
		return advice.Add(errors.New("-v would write over the screen"), "Redirect standard error to a file, or add --linear.")
	}
	return nil
}

func (o *options) start(ctx context.Context) error {
	services, err := o.services(ctx)
	if err != nil {
		return err
	}
	choices := ui.Options{Tenant: o.tenant}
	if choices.Tenant == "" {
		choices.Tenant = o.call.Namespace() // the tenant of the namespace, if there is one
	}
	if o.linear {
		return ui.RunLinear(ctx, services, choices, o.call.Streams.In, o.call.Streams.Out)
	}
	terminal, _ := command.TerminalOf(o.call.Streams.Out)
	choices.Colour = style.StyleFor(terminal).Colour
	return ui.Run(ctx, services, choices, o.call.Streams.In, terminal)
}

// services are those of the cluster, or of the recording.
func (o *options) services(ctx context.Context) (ui.Services, error) {
	s := ui.Services{Name: o.call.Name, Run: o.runCommand}
	if !o.origin.Live() {
		snap, err := o.call.Read(ctx, o.origin, nil)
		if err != nil {
			return s, err
		}
		s.Place, s.Recorded = o.origin.Name(), true
		s.Watch = func(_ context.Context, deliver func(ui.Look)) error {
			look, err := o.look(snap)
			if err == nil {
				deliver(look)
			}
			return err
		}
		s.Explain = func(_ context.Context, tenant string, ref object.Ref) (diagnose.Explanation, error) {
			answer := explain.Recorded(snap, o.question(tenant, ref))
			return answer.Explanation, answer.Err
		}
		return s, nil
	}
	if _, err := o.call.Config(); err != nil {
		return s, err
	}
	s.Place = o.call.Context()
	s.Watch = o.watch
	s.Explain = o.explain
	return s, nil
}

// question is the question to the explainers: an object, or a tenant if it has no name.
func (o *options) question(tenant string, ref object.Ref) explain.Question {
	q := explain.Question{Arguments: []string{tenant}, Recording: o.origin.Recording()}
	if ref.Name != "" {
		kind := strings.ToLower(ref.Kind)
		if group := ref.GroupKind().Group; group != "" {
			kind += "." + group
		}
		q.Arguments, q.Namespace = []string{kind + "/" + ref.Name}, ref.Namespace
	}
	return q
}

// explain explains a tenant or an object of the cluster.
func (o *options) explain(ctx context.Context, tenant string, ref object.Ref) (diagnose.Explanation, error) {
	session, err := o.call.Session(ctx, false)
	if err != nil {
		return diagnose.Explanation{}, err
	}
	_, answer, err := explain.Live(ctx, session, o.question(tenant, ref))
	if err == nil {
		err = answer.Err
	}
	return answer.Explanation, err
}

// runCommand runs a command of the program, for a part of the terminal.
func (o *options) runCommand(ctx context.Context, args []string, out io.Writer, s style.Style) int {
	return o.run(ctx, append(args, o.origin.Arguments()...), screen{out, s})
}

// screen is a part of a terminal (command.Screen).
type screen struct {
	io.Writer
	style style.Style
}

// Style is the style of the part.
func (s screen) Style() style.Style { return s.style }
