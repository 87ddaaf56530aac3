package cert

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/issue"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/issuance"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

var (
	issueLong = templates.LongDesc(`
		Create a client certificate for a tenant, signed by the tenant's CA.

		The private key is generated on this machine. Only a request is sent to
		the cluster, where cert-manager signs it with the tenant's issuer (--via
		issuer, which requires permission to create, get and delete
		CertificateRequests). If cert-manager can't sign it, use --via secret: it
		reads the CA's private key and signs on this machine. This requires permission
		to read the CA's Secret.

		It writes NAME.client.key (readable by you only), NAME.client.crt (the
		certificate, then the certificates that signed it) and NAME.ca.crt, and
		NAME.client.p12 with --p12. It writes all of them or none, and replaces an
		existing file only with --force.`)
	issueExample = templates.Examples(`
		# A key and a certificate for the tenant bhs, for a year
		kubectl orthweb cert issue bhs

		# For a named device, also as a file for a browser or Java
		kubectl orthweb cert issue bhs --name=ct1 --subject='/O=Digihunch/CN=ct1.bhs.orthweb.com' --p12 --p12-password-file=password

		# Sign an existing request, whose private key stays with its owner
		kubectl orthweb cert issue bhs --csr=scanner.csr --name=scanner

		# With permissions in the tenant's namespace only
		kubectl orthweb cert issue -n bhs-orthweb --name=mine`)
)

type issueOptions struct {
	printer
	tenant string
	requestFlags
	destinationFlags

	duration string
	clamp    bool
	via      string
	issuer   string
	caSecret string
	keep     bool
	timeout  time.Duration
}

func newIssue(call *command.Call) *cobra.Command {
	return (&issueOptions{printer: newPrinter(call)}).command()
}

// command is the command whose flags set the options.
func (o *issueOptions) command() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "issue [TENANT]",
		Short:   "Create a client certificate",
		Long:    issueLong,
		Example: issueExample,
		Args:    command.OneTenantAtMost,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.tenant = args[0]
			}
			wanted, err := o.parse(cmd)
			if err != nil {
				return err
			}
			return o.run(cmd.Context(), wanted)
		},
	}
	flags := cmd.Flags()
	o.requestFlags.addTo(flags)
	o.destinationFlags.addTo(flags)
	o.output.AddTo(cmd)
	flags.StringVar(&o.duration, "duration", "365d", "Lifetime of the certificate, such as 365d, 24h or 1y. Without this flag, it is shorter when the CA's certificate expires earlier")
	flags.BoolVar(&o.clamp, "clamp", false, "Shorten the lifetime to that of the CA's certificate when --duration is longer")
	flags.StringVar(&o.via, "via", string(issue.ViaIssuer), "How to sign: issuer (by cert-manager, in the cluster) or secret (by this program, with the CA's key)")
	flags.StringVar(&o.issuer, "issuer", "", "Issuer that signs, as Kind/name; the tenant's "+issue.DefaultIssuer+" by default")
	flags.StringVar(&o.caSecret, "ca-secret", "", "With --via secret: Secret of the CA, as name or namespace/name; the issuer's by default")
	flags.BoolVar(&o.keep, "keep-request", false, "Keep the CertificateRequest in the cluster")
	flags.DurationVar(&o.timeout, "timeout", time.Minute, "How long to wait for the request to be signed")
	return cmd
}

// parse rejects wrong flags before anything is read.
func (o *issueOptions) parse(cmd *cobra.Command) (issue.Options, error) {
	const hint = "See 'kubectl orthweb cert issue --help' for usage."
	flags := cmd.Flags()
	wanted := issue.Options{
		Via: issue.Via(o.via), Namespace: o.call.Namespace(), Issuer: o.issuer, CASecret: o.caSecret,
		KeepRequest: o.keep, Timeout: o.timeout,
	}
	bySecret := wanted.Via == issue.ViaSecret
	switch {
	case wanted.Via != issue.ViaIssuer && !bySecret:
		return wanted, advice.Add(fmt.Errorf("--via must be issuer or secret, not %q", o.via), hint)
	case !bySecret && o.caSecret != "":
		return wanted, advice.Add(errors.New("--ca-secret requires --via secret"), hint)
	case bySecret && (o.keep || flags.Changed("timeout")):
		return wanted, advice.Add(errors.New("--keep-request and --timeout require --via issuer"), hint)
	case o.timeout <= 0:
		return wanted, advice.Add(errors.New("--timeout must be above 0"), hint)
	case o.p12.Wanted && o.csrFile != "":
		return wanted, advice.Add(errors.New("--p12 requires the private key, which is not available with --csr"), hint)
	}
	_, err := issue.ParseIssuer(o.issuer)
	if err != nil {
		return wanted, err
	}
	if wanted.Request, err = o.requestFlags.parse(flags); err != nil {
		return wanted, err
	}
	wanted.Lifetime.Shorten = !flags.Changed("duration") || o.clamp
	if wanted.Lifetime.Duration, err = certs.ParseDuration(o.duration); err != nil {
		return wanted, fmt.Errorf("--duration: %w", err)
	}
	if err := o.destinationFlags.validate(flags); err != nil {
		return wanted, err
	}
	return wanted, o.output.Validate()
}

func (o *issueOptions) run(ctx context.Context, wanted issue.Options) error {
	if err := o.vacant(o.tenant, o.csrFile == ""); err != nil { // before anything is read
		return err
	}
	if err := o.requestFlags.read(o.call.Streams.In, &wanted.Request); err != nil {
		return err
	}
	plan, err := o.plan(ctx, wanted)
	if err != nil {
		return err
	}
	if err := o.vacant(plan.Tenant.Name, o.csrFile == ""); err != nil {
		return err
	}
	password, err := o.p12.Password(ctx, o.call.Streams)
	if err != nil {
		return err
	}
	config, err := o.call.Config()
	if err != nil {
		return err
	}
	created, err := plan.Issue(ctx, config, o.reporter())
	var waiting *issuance.WaitingError
	if errors.As(err, &waiting) {
		return command.TimedOut{Err: err}
	}
	if err != nil {
		return err
	}
	if o.stdout {
		text, err := created.PEM()
		if err != nil {
			return err
		}
		_, err = o.call.Streams.Out.Write(text)
		return err
	}
	files, err := o.of(plan.Tenant.Name).Write(created, password)
	if err != nil {
		return command.WhenTaken(err)
	}
	return o.report(plan, created.Chain[0], files)
}

// plan selects the tenant and its issuer, before a key is created.
func (o *issueOptions) plan(ctx context.Context, wanted issue.Options) (*issue.Plan, error) {
	namespace := o.call.Namespace()
	snap, err := o.call.Collect(ctx, queries.OnlyFields(queries.Ingress(namespace)), false)
	if err != nil {
		return nil, err
	}
	chosen, err := selection.One(snap, o.tenant, namespace)
	if err != nil {
		return nil, err
	}
	return issue.NewPlan(snap, chosen, wanted)
}

// reporter prints what happens.
func (o *issueOptions) reporter() issue.Reporter {
	errOut := o.call.Streams.ErrOut
	return issue.Reporter{
		Step:   func(text string) { escape.Fprintf(errOut, "%s…\n", text) },
		Notice: func(text string) { escape.Fprintln(errOut, text) },
	}
}
