package hosts

import (
	"github.com/spf13/cobra"

	hostsfile "github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// applyVerb is the command that sudo runs. It makes a change that it reads from its
// standard input, and reads no kubeconfig.
const applyVerb = "apply"

func newApply(call *command.Call) *cobra.Command {
	path := ""
	cmd := &cobra.Command{
		Use:    applyVerb,
		Hidden: true,
		Short:  "Make the change on standard input",
		Args:   command.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			result, report, err := hostsfile.WriteUntrusted(cmd.Context(), call.Streams.In, path)
			if err != nil {
				return explain(err)
			}
			sayChange(call.Streams.Out, result, report)
			sayConflicts(call.Streams.ErrOut, path, report)
			return nil
		},
	}
	cmd.Flags().StringVar(&path, "hosts-file", "", "Path of the hosts file")
	return cmd
}
