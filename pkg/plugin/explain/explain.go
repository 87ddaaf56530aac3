// Package explain is the command "explain".
package explain

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/explain"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/fleet"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

var (
	explainLong = templates.LongDesc(`
		Diagnose why a tenant, or any object, is not ready: the root cause, the
		evidence, and what to do.

		It follows each object to what it depends on, from Flux's layers (its
		Kustomizations) down to Helm releases, workloads, pods, volumes,
		certificates and gateways, and reports the causes, not their
		consequences. Without arguments it explains every tenant that is not
		ready. -n is the namespace of KIND/NAME; it does not select tenants.

		The exit status is 0 when everything is ready, with or without warnings, 1
		when something is not ready, 2 when the status could not be determined.`)
	explainExample = templates.Examples(`
		# Every tenant that is not ready
		kubectl orthweb explain

		# One tenant
		kubectl orthweb explain bhs

		# A layer, a Helm release
		kubectl orthweb explain ks/bhs-application
		kubectl orthweb explain hr/postgres-ha -n bhs-orthweb

		# A tenant in whichever of several clusters it is
		kubectl orthweb explain bhs --contexts='prod-*'

		# For a ticket
		kubectl orthweb explain bhs -o markdown

		# Try it without a cluster
		kubectl orthweb explain --from=example:failing`)
)

type options struct {
	call   *command.Call
	args   []string
	output *command.Output
	origin command.Origin
	fleet  fleet.Flags
	save   string
	force  bool
	repo   string
	fix    bool
	yes    bool
}

// New is the command "explain".
func New(call *command.Call) *cobra.Command {
	o := &options{
		call:   call,
		output: command.NewFormats(command.Tree, command.Wide, command.JSON, command.YAML, command.Markdown),
	}
	cmd := &cobra.Command{
		Use:     "explain [TENANT | KIND/NAME]...",
		Short:   "Diagnose why a tenant is not ready",
		Long:    explainLong,
		Example: explainExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.args = args
			if err := o.validate(); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.output.AddTo(cmd)
	o.origin.AddTo(cmd.Flags())
	o.fleet.AddTo(cmd.Flags(), fleet.Timeout)
	cmd.Flags().StringVar(&o.save, "save", "", "Save the objects that were read to this file, as a snapshot")
	cmd.Flags().StringVar(&o.repo, "repo", "", "Directory of the Git repository that Flux applies: fixes then name files and lines; by default the working directory, if it is that repository")
	cmd.Flags().BoolVar(&o.fix, "fix", false, "Show the changes that fix causes as a diff, and make them in the repository after a question")
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "Don't ask before --fix changes files")
	cmd.Flags().BoolVar(&o.force, "force", false, "Allow --save to replace an existing file")
	return cmd
}

func (o *options) run(ctx context.Context) error {
	if o.fleet.Set() {
		return o.runClusters(ctx)
	}
	if err := command.Vacant(o.save, o.force); err != nil { // before anything is read
		return err
	}
	snap, answer, err := o.read(ctx)
	if err != nil {
		return err
	}
	if o.save != "" {
		if err := command.SaveSnapshot(o.save, o.force, snap); err != nil {
			return err
		}
	}
	if answer.Err != nil {
		return answer.Err
	}
	changes, err := o.locate(ctx, &answer.Explanation, snap)
	if err != nil {
		return err
	}
	if err := o.print(answer.Explanation, answer.Tenants); err != nil {
		return err
	}
	if err := o.call.Hooks.Deliver(func() (runtime.Object, error) { return versioned.ExplanationList(answer.Explanation) }); err != nil {
		return err
	}
	if o.fix {
		if err := o.change(changes); err != nil {
			return err
		}
	}
	return answerOf(answer.Explanation)
}

// read reads the cluster or the recording, and explains what was read.
func (o *options) read(ctx context.Context) (*snapshot.Snapshot, explain.Answer, error) {
	question := explain.Question{Arguments: o.args, Namespace: o.call.Namespace(), Recording: o.origin.Recording()}
	if !o.origin.Live() {
		snap, err := o.call.Read(ctx, o.origin, nil)
		if err != nil {
			return nil, explain.Answer{}, err
		}
		return snap, explain.Recorded(snap, question), nil
	}
	session, err := o.call.Session(ctx, false)
	if err != nil {
		return nil, explain.Answer{}, err
	}
	snap, answer, err := explain.Live(ctx, session, question)
	return snap, answer, command.WhenUnreachable(ctx, err)
}

func (o *options) print(e diagnose.Explanation, tenants int) error {
	out := o.call.Streams.Out
	switch o.output.Format {
	case command.Markdown:
		return render.Markdown(out, e)
	case command.JSON, command.YAML:
		object, err := versioned.ExplanationList(e)
		return o.output.Print(out, object, err)
	}
	return o.printText(e, tenants)
}

// printText prints an explanation for people.
func (o *options) printText(e diagnose.Explanation, tenants int) error {
	out := o.call.Streams.Out
	if len(e.Subjects) == 0 {
		text := "The only tenant is ready."
		if tenants != 1 {
			text = fmt.Sprintf("All %d tenants are ready.", tenants)
		}
		_, err := escape.Fprintln(out, text)
		return err
	}
	return render.Explain(out, e, o.output.Style(out))
}

// answerOf is the exit code of an explanation. An object with warnings is ready. Where
// a cause was found, objects that could not be read make no difference.
func answerOf(e diagnose.Explanation) error {
	verdicts := make([]health.Status, len(e.Subjects))
	for i, s := range e.Subjects {
		verdicts[i] = s.Verdict.Status
		if s.Verdict.Status == health.Unknown && len(s.Causes) > 0 {
			verdicts[i] = health.Failing
		}
	}
	return command.ExitFor(verdicts)
}
