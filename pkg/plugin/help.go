package plugin

import (
	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/term"

	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// wrapHelp wraps the lines of help texts on a terminal as kubectl does. kubectl's own
// function (term.NewResponsiveWriter) requires a file and gets a stream.
func wrapHelp(root *cobra.Command) {
	help, usage := root.HelpFunc(), root.UsageFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		defer responsive(cmd)()
		help(cmd, args)
	})
	for _, cmd := range []*cobra.Command{root, find(root, "options")} {
		if cmd != root {
			usage = cmd.UsageFunc()
		}
		print := usage
		cmd.SetUsageFunc(func(cmd *cobra.Command) error {
			defer responsive(cmd)()
			return print(cmd)
		})
	}
}

// find returns the command of that name.
func find(root *cobra.Command, name string) *cobra.Command {
	for _, cmd := range root.Commands() {
		if cmd.Name() == name {
			return cmd
		}
	}
	return root
}

// responsive makes a command write to a terminal in lines of kubectl's widths, until
// restore is called.
func responsive(cmd *cobra.Command) (restore func()) {
	out := cmd.OutOrStdout()
	file, ok := command.TerminalOf(out)
	if !ok {
		return func() {}
	}
	size := term.GetSize(file.Fd())
	if size == nil {
		return func() {}
	}
	for _, limit := range []uint16{120, 100, 80} {
		if size.Width >= limit {
			cmd.SetOut(term.NewWordWrapWriter(out, uint(limit)))
			return func() { cmd.SetOut(out) }
		}
	}
	return func() {}
}

// newHelp is the command "help", as cobra's, except that an unknown command is an error.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Help about any command",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var found []cobra.Completion
			if about, rest, err := cmd.Root().Find(args); err == nil && len(rest) == 0 {
				for _, sub := range about.Commands() {
					if sub.IsAvailableCommand() {
						found = append(found, cobra.CompletionWithDesc(sub.Name(), sub.Short))
					}
				}
			}
			return found, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				if len(rest) == 0 {
					rest = args
				}
				return command.NoArguments(about, rest)
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}
