// Package completion is the command "completion", and completes the arguments and
// flags of the other commands.
package completion

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// programName is the name of the plugin, and CompleterName that of the program that
// kubectl calls for a plugin's completions (k8s.io/kubectl v0.36, pkg/cmd/plugin,
// lookupCompletionExec; kubectl 1.26 and later).
const (
	programName   = "kubectl-orthweb"
	CompleterName = "kubectl_complete-orthweb"
)

var (
	completionLong = templates.LongDesc(`
		Set up shell completion for tenants, objects, contexts, namespaces and flags.

		kubectl completes the arguments of a plugin by calling a second program.
		'install' creates it in a directory on your PATH; run it once. This requires
		kubectl 1.26 or later, with kubectl's own completion enabled in your shell
		(see 'kubectl completion --help').

		The shell scripts are for users who call kubectl-orthweb directly.`)
	completionExample = templates.Examples(`
		# Complete "kubectl orthweb …", with a program in the plugin's directory
		kubectl orthweb completion install

		# Complete "kubectl-orthweb …" in this shell
		source <(kubectl-orthweb completion bash)`)
)

// Arguments are the arguments in a program's whole argument vector. The name that the
// program is called by may add the request for completions.
func Arguments(argv []string) []string {
	if len(argv) == 0 {
		return nil
	}
	if command.CalledAs(argv) == CompleterName {
		return append([]string{cobra.ShellCompRequestCmd}, argv[1:]...)
	}
	return argv[1:]
}

// Completing reports whether completions are requested: then nothing may be written to
// standard error, where the user types.
func Completing(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// scripts write the completion script of each shell. They are generated for a root of
// another name, since users don't type "orthweb" alone.
var scripts = map[string]func(root *cobra.Command, w io.Writer) error{
	"bash":       func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
	"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
	"powershell": (*cobra.Command).GenPowerShellCompletionWithDesc,
	"zsh":        (*cobra.Command).GenZshCompletion,
}

// New is the command "completion".
func New() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "completion",
		Short:   "Set up shell completion",
		Long:    completionLong,
		Example: completionExample,
		Args:    command.NoArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCompletionInstall())
	for shell, write := range scripts {
		cmd.AddCommand(&cobra.Command{
			Use:   shell,
			Short: fmt.Sprintf("Print the %s completion script of %s", shell, programName),
			Args:  command.NoArguments,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return write(&cobra.Command{Use: programName}, cmd.OutOrStdout())
			},
		})
	}
	return cmd
}
