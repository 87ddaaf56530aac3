// Package cert implements the commands that create, list, inspect and verify certificates.
package cert

import (
	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

var long = templates.LongDesc(`
	Create, list, inspect and verify the certificates of tenants.

	A modality or a viewer presents a client certificate to a tenant's ingress to
	prove its identity. 'cert issue' creates one. The private key is generated on
	this machine and never leaves it. The CA's key stays in the cluster, unless you
	use --via secret.`)

// New creates the command group.
func New(call *command.Call) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "cert",
		Aliases: []string{"certs", "certificate"},
		Short:   "Create, list, inspect and verify certificates",
		Long:    long,
		Example: issueExample,
		Args:    command.NoArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newIssue(call), newList(call), newInspect(call), newVerify(call))
	return cmd
}
