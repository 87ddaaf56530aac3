// Package plugin is the command line: it assembles the commands, which have a package each, and
// rejects flags that would have no effect.
package plugin

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/klog/v2"
	"k8s.io/kubectl/pkg/cmd/options"
	"k8s.io/kubectl/pkg/util/templates"

	_ "github.com/digihunch/kubectl-orthweb/internal/english"
	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/bootstrap"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/cert"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/check"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/completion"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/dashboard"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/diff"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/events"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/explain"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/exporter"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/lint"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/logs"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/mcp"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/operate"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/report"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/status"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/ui"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/validate"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/version"
)

// ExitInterrupted is Run's code when its context was cancelled before it had an
// answer: 128 plus SIGINT's number, as shells report it.
const ExitInterrupted = int(command.Interrupted)

// Run runs the command line with a program's whole argument vector, which starts with
// the name that it was called by, and returns the exit code: 0 yes, 1 no, 2 could not be
// determined, 124 timeout expired.
func Run(ctx context.Context, argv []string, streams genericiooptions.IOStreams) int {
	args, name := completion.Arguments(argv), nameOf(argv)
	if completion.Completing(args) {
		streams.ErrOut = io.Discard
	}
	out, errs := command.NewStream(streams.Out), command.NewStream(streams.ErrOut)
	streams.Out, streams.ErrOut = out, errs
	logTo(errs)
	root := newRoot(streams, name)
	root.SetArgs(args)
	err := checkArguments(args)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	failed := out.Finish()
	if failed == nil {
		return command.Code(err, name, errs)
	}
	return command.CodeUnwritten(err, failed, name, errs)
}

var rootLong = templates.LongDesc(`
	Inspect and troubleshoot Korthweb tenants: Orthanc DICOM servers that Flux
	installs, with certificates from cert-manager, behind Istio gateways.

	Every command accepts kubectl's own flags (--context, -n, --as, …). The exit
	status is 0 for yes (ready), 1 for no (not ready), 2 when this could not be
	determined, 124 when --timeout expired.`)

// NewRoot builds the command tree for a call by kubectl.
func NewRoot(streams genericiooptions.IOStreams) *cobra.Command {
	return newRoot(streams, command.UsualName)
}

func newRoot(streams genericiooptions.IOStreams, name string) *cobra.Command {
	return newHookedRoot(streams, name, command.Hooks{})
}

func newHookedRoot(streams genericiooptions.IOStreams, name string, hooks command.Hooks) *cobra.Command {
	streams = command.WrapStreams(streams)
	kube := genericclioptions.NewConfigFlags(true)
	call := &command.Call{Kube: kube, Streams: streams, Name: name, Build: version.BuildVersion(), Kubernetes: version.KubernetesVersion(), Hooks: hooks}
	root := &cobra.Command{
		Use:           "orthweb",
		Short:         "Inspect and troubleshoot Korthweb tenants",
		Long:          rootLong,
		SilenceUsage:  true,
		SilenceErrors: true,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: name},
		Args:          command.NoArguments,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			call.ReadsRecordings = cmd.Flags().Lookup("from") != nil
			return checkEffects(cmd)
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	kube.AddFlags(root.PersistentFlags())
	addVerbosity(root)

	groups := templates.CommandGroups{
		{Message: "Inspect Commands:", Commands: []*cobra.Command{status.New(call), explain.New(call), validate.New(call), check.New(call), logs.New(call), events.New(call), report.New(call), ui.New(call, runner(root, name))}},
		{Message: "Operate Commands:", Commands: []*cobra.Command{operate.NewReconcile(call), operate.NewSuspend(call), operate.NewResume(call)}},
		{Message: "Access Commands:", Commands: []*cobra.Command{cert.New(call), hosts.New(call), dashboard.New(call)}},
		{Message: "GitOps Commands:", Commands: []*cobra.Command{lint.New(call), diff.New(call), tenant.New(call), bootstrap.New(call)}},
	}
	groups.Add(root)
	root.AddCommand(snapshot.New(call), exporter.New(call), mcp.New(call, hookedRunner(root, name)), version.New(call), completion.New(), options.NewCmdOptions(streams.Out))
	root.SetHelpCommand(newHelp())
	templates.ActsAsRootCommand(root, []string{"options"}, groups...)
	wrapHelp(root)
	completion.AddTo(root, call)
	if name != command.UsualName {
		renameExamples(root, name)
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return advice.Add(err, "See '%s --help' for usage.", cmd.CommandPath())
	})
	return root
}

// runner runs further commands of the program for the terminal application. Both of their output
// streams are the writer.
func runner(root *cobra.Command, name string) ui.Runner {
	run := hookedRunner(root, name)
	return func(ctx context.Context, args []string, out io.Writer) int {
		stream := command.NewStream(out)
		return run(ctx, args, command.Hooks{}, stream, stream)
	}
}

// hookedRunner runs further commands of the program, with the connection flags of a command that
// is running below root. Their input is empty.
func hookedRunner(root *cobra.Command, name string) mcp.Runner {
	return func(ctx context.Context, args []string, hooks command.Hooks, out, errs io.Writer) int {
		streams := command.WrapStreams(genericiooptions.IOStreams{In: strings.NewReader(""), Out: out, ErrOut: errs})
		inner := newHookedRoot(streams, name, hooks)
		root.PersistentFlags().VisitAll(func(flag *pflag.Flag) { // Visit knows only those that root itself has parsed
			if flag.Changed {
				copyValue(inner.PersistentFlags().Lookup(flag.Name), flag)
			}
		})
		inner.SetArgs(args)
		code := command.Code(inner.ExecuteContext(ctx), name, streams.ErrOut)
		for _, stream := range []io.Writer{streams.Out, streams.ErrOut} {
			_ = command.NewStream(stream).Finish() // the writers are in memory
		}
		return code
	}
}

// copyValue sets a flag to the value of another one of the same type.
func copyValue(to, from *pflag.Flag) {
	var err error
	if list, ok := from.Value.(pflag.SliceValue); ok {
		err = to.Value.(pflag.SliceValue).Replace(list.GetSlice())
	} else {
		err = to.Value.Set(from.Value.String())
	}
	if err != nil {
		panic(fmt.Sprintf("flag %s does not accept its own value: %v", from.Name, err))
	}
}

// addVerbosity adds kubectl's -v: from 6 on client-go logs each request.
func addVerbosity(root *cobra.Command) {
	all := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(all)
	level := all.Lookup("v")
	level.Usage = "Log level: 6 shows each request to the API server, 8 its content"
	root.PersistentFlags().AddGoFlag(level)
}
