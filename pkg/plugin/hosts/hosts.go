// Package hosts implements the commands that manage the tenants' names in the hosts file of this
// machine.
package hosts

import (
	"context"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// blocks describes what is written, for the help of several commands.
const blocks = `
		Each cluster has one block in the file; the rest of the file is not changed,
		and a name that you have mapped yourself is never overridden. If two tenants
		claim the same name, it is not written. Names in a domain that is new on this
		machine are written only after you accept the domain.
`

var (
	long = templates.LongDesc(`
		Manage the tenants' host names in this machine's hosts file. Use it if your DNS
		does not resolve these names.
` + blocks + `
		The cluster is read with your credentials. Only writing the file requires more
		permissions: 'hosts sync' offers to run that step, and nothing else, under
		sudo.`)
	example = templates.Examples(`
		# Print the lines, to inspect or to paste
		kubectl orthweb hosts list

		# Show what would change, then change it
		kubectl orthweb hosts diff
		kubectl orthweb hosts sync

		# The lines of a recorded cluster, without a cluster or kubeconfig
		kubectl orthweb hosts list --from=example:healthy --allow-domain=orthweb.com --allow-address=127.0.0.0/8

		# In a script: accept the domain of a tenant, and the lab's addresses
		kubectl orthweb hosts sync --allow-domain=bhs.orthweb.com --allow-address=127.0.0.0/8

		# Remove one tenant's names, or all
		kubectl orthweb hosts remove bhs
		kubectl orthweb hosts remove`)
)

// New creates the command 'hosts', with its subcommands.
func New(call *command.Call) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "hosts",
		Short:   "Manage tenant names in the hosts file",
		Long:    long,
		Example: example,
		Args:    command.NoArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newList(call), newDiff(call), newSync(call), newRemove(call), newApply(call))
	return cmd
}

// newSubcommand creates a command for tenants in a block of a hosts file. The caller adds
// further flags.
func newSubcommand(verb, short, long string, b *block, run func(ctx context.Context, tenants []string) error) *cobra.Command {
	cmd := &cobra.Command{
		Use:     verb + " [TENANT...]",
		Short:   short,
		Long:    long,
		Example: example,
		RunE:    func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), args) },
	}
	b.addTo(cmd.Flags())
	return cmd
}
