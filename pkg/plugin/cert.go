package plugin

import (
	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"
)

var certLong = templates.LongDesc(`
	Make, list, read and check the certificates of tenants.

	A client certificate is what a modality or a viewer shows at a tenant's door
	to prove who it is. 'cert issue' makes one: the private key is made here and
	never leaves this machine, the authority's key never leaves the cluster.`)

func newCert(facts *factsFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "cert",
		Aliases: []string{"certs", "certificate"},
		Short:   "Create, list, inspect and verify certificates",
		Long:    certLong,
		Example: certIssueExample,
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCertIssue(facts), newCertList(facts), newCertInspect(facts), newCertVerify(facts))
	return cmd
}
