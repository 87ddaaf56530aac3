package plugin

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

var (
	certIssueLong = templates.LongDesc(`
		Create a client certificate for a tenant, signed by the tenant's CA.

		The private key is generated on this machine. Only a request is sent to
		the cluster, where cert-manager signs it with the tenant's issuer (--via
		issuer, which requires permission to create, get and delete
		CertificateRequests). Where that is not possible, --via secret reads the
		CA's key and signs here; that requires permission to read its Secret.

		It writes NAME.client.key (readable by you only), NAME.client.crt (the
		certificate, then the certificates that signed it) and NAME.ca.crt, and
		NAME.client.p12 with --p12. It writes all of them or none, and replaces an
		existing file only with --force.`)
	certIssueExample = templates.Examples(`
		# A key and a certificate for the tenant bhs, for a year
		kubectl orthweb cert issue bhs

		# For a named device, also as a file for a browser or Java
		kubectl orthweb cert issue bhs --name=ct1 --subject='/O=Digihunch/CN=ct1.bhs.orthweb.com' --p12 --p12-password-file=password

		# Sign an existing request, whose private key stays with its owner
		kubectl orthweb cert issue bhs --csr=scanner.csr --name=scanner

		# With permissions in the tenant's namespace only
		kubectl orthweb cert issue -n bhs-orthweb --name=mine`)
)

const (
	viaIssuer = "issuer"
	viaSecret = "secret"
)

type certIssueOptions struct {
	call   *command.Call
	output *command.Output
	tenant string
	certRequest
	lifetime
	destination

	via      string
	issuer   string
	caSecret string
	keep     bool
	timeout  time.Duration
}

func newCertIssue(call *command.Call) *cobra.Command {
	o := &certIssueOptions{call: call, output: command.NewOutput()}
	cmd := &cobra.Command{
		Use:     "issue [TENANT]",
		Short:   "Create a client certificate",
		Long:    certIssueLong,
		Example: certIssueExample,
		Args:    command.OneTenantAtMost,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.tenant = args[0]
			}
			if err := o.validate(cmd); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.certRequest.addTo(cmd.Flags())
	o.lifetime.addTo(cmd.Flags())
	o.destination.addTo(cmd.Flags())
	o.output.AddTo(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.via, "via", viaIssuer, "How to sign: issuer (by cert-manager, in the cluster) or secret (by this program, with the CA's key)")
	flags.StringVar(&o.issuer, "issuer", "", "Issuer that signs, as Kind/name; the tenant's "+defaultIssuer+" by default")
	flags.StringVar(&o.caSecret, "ca-secret", "", "With --via secret: Secret of the CA, as name or namespace/name; the issuer's by default")
	flags.BoolVar(&o.keep, "keep-request", false, "Keep the CertificateRequest in the cluster")
	flags.DurationVar(&o.timeout, "timeout", time.Minute, "How long to wait for the request to be signed")
	return cmd
}

// Validate rejects wrong flags before anything is read.
func (o *certIssueOptions) validate(cmd *cobra.Command) error {
	const hint = "See 'kubectl orthweb cert issue --help' for usage."
	switch {
	case o.via != viaIssuer && o.via != viaSecret:
		return advice.Add(fmt.Errorf("--via must be issuer or secret, not %q", o.via), hint)
	case o.via == viaIssuer && o.caSecret != "":
		return advice.Add(fmt.Errorf("--ca-secret requires --via secret"), hint)
	case o.via == viaSecret && (o.keep || cmd.Flags().Changed("timeout")):
		return advice.Add(fmt.Errorf("--keep-request and --timeout require --via issuer"), hint)
	case o.timeout <= 0:
		return advice.Add(fmt.Errorf("--timeout must be above 0"), hint)
	case o.p12.Wanted && o.csrFile != "":
		return advice.Add(fmt.Errorf("--p12 requires the private key, which is not available with --csr"), hint)
	}
	if _, err := parseIssuer(o.issuer); err != nil {
		return err
	}
	if err := o.certRequest.validate(cmd.Flags()); err != nil {
		return err
	}
	if err := o.lifetime.validate(cmd.Flags()); err != nil {
		return err
	}
	if err := o.destination.validate(cmd.Flags()); err != nil {
		return err
	}
	return o.output.Validate()
}

func (o *certIssueOptions) run(ctx context.Context) error {
	if err := o.destination.vacant(o.tenant, o.csrFile == ""); err != nil { // before anything is read
		return err
	}
	if err := o.certRequest.read(o.call.Streams.In); err != nil {
		return err
	}
	target, err := o.target(ctx)
	if err != nil {
		return err
	}
	if _, _, err := o.lifetime.until(target.end, target.now); err != nil { // before a key is made
		return err
	}
	name := o.nameFor(target.tenant.Name)
	if err := o.destination.vacant(name, o.csrFile == ""); err != nil {
		return err
	}
	password, err := o.p12.Password(ctx, o.call.Streams)
	if err != nil {
		return err
	}
	if err := o.certRequest.make(ctx, target.domain, o.progress); err != nil {
		return err
	}
	chain, ca, err := o.sign(ctx, target)
	if err != nil {
		return err
	}
	made, err := o.destination.write(o.call.Streams.Out, name, o.key, chain, ca, password)
	if err != nil {
		return err
	}
	return o.report(target, issued{chain: chain, ca: ca, files: made})
}

func (o *certIssueOptions) progress(text string) {
	escape.Fprintf(o.call.Streams.ErrOut, "%s…\n", text)
}

// issued is the result of issuing a certificate.
type issued struct {
	chain, ca []*x509.Certificate
	files     madeFiles
}
