package plugin

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"
)

// programName is the plugin's own, and completerName the one by which kubectl
// asks a plugin for completions (k8s.io/kubectl v0.36, pkg/cmd/plugin,
// lookupCompletionExec; kubectl 1.26 and later).
const (
	programName   = "kubectl-orthweb"
	completerName = "kubectl_complete-orthweb"
)

var (
	completionLong = templates.LongDesc(`
		Let the shell complete tenants, objects, contexts, namespaces and flags.

		kubectl completes the words of a plugin by calling a program with another
		name; 'install' puts that on your PATH, once. It takes kubectl 1.26 or
		later, with kubectl's own completion switched on in your shell (see
		'kubectl completion --help').

		The scripts of the shells are for those who call kubectl-orthweb itself.`)
	completionExample = templates.Examples(`
		# Complete "kubectl orthweb …", next to where the plugin is
		kubectl orthweb completion install

		# Complete "kubectl-orthweb …" in this shell
		source <(kubectl-orthweb completion bash)`)
)

// argsOf is what the command line is told by a program's whole argument vector:
// the arguments, and what is asked of it by the name that it is called by.
func argsOf(argv []string) []string {
	if len(argv) == 0 {
		return nil
	}
	if called(argv) == completerName {
		return append([]string{cobra.ShellCompRequestCmd}, argv[1:]...)
	}
	return argv[1:]
}

// completing tells whether words are asked for: nothing may then be said on
// standard error, where the user is typing.
func completing(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// scripts write what a shell has to load. They are made for a root of another
// name, since "orthweb" is what nobody types.
var scripts = map[string]func(root *cobra.Command, w io.Writer) error{
	"bash":       func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
	"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
	"powershell": (*cobra.Command).GenPowerShellCompletionWithDesc,
	"zsh":        (*cobra.Command).GenZshCompletion,
}

func newCompletion() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "completion",
		Short:   "Let the shell complete tenants, objects and flags",
		Long:    completionLong,
		Example: completionExample,
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCompletionInstall())
	for shell, write := range scripts {
		cmd.AddCommand(&cobra.Command{
			Use:   shell,
			Short: fmt.Sprintf("Print the %s script that completes %s", shell, programName),
			Args:  noArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return write(&cobra.Command{Use: programName}, cmd.OutOrStdout())
			},
		})
	}
	return cmd
}
