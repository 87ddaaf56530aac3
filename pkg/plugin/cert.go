package plugin

import (
	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

var certLong = templates.LongDesc(`
	Create, list, inspect and verify the certificates of tenants.

	A modality or a viewer presents a client certificate to a tenant's ingress to
	prove its identity. 'cert issue' creates one: the private key is generated here
	and never leaves this machine, and the CA's key never leaves the cluster.`)

func newCert(call *command.Call) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "cert",
		Aliases: []string{"certs", "certificate"},
		Short:   "Create, list, inspect and verify certificates",
		Long:    certLong,
		Example: certIssueExample,
		Args:    command.NoArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCertIssue(call), newCertList(call), newCertInspect(call), newCertVerify(call))
	return cmd
}
