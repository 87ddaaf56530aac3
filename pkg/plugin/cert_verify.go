package plugin

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

var (
	certVerifyLong = templates.LongDesc(`
		Check whether a tenant accepts a client certificate now: its dates, its
		allowed usages, its key, whether the tenant's CA signed it, and whether the
		tenant's Gateways request a client certificate.

		The exit status is 0 when it is valid, 1 when it is not, 2 when this could
		not be determined, because something could not be read.`)
	certVerifyExample = templates.Examples(`
		# A new certificate, with its key
		kubectl orthweb cert verify bhs.client.crt --key=bhs.client.key --tenant=bhs

		# A certificate in a keystore
		kubectl orthweb cert verify ct1.client.p12 --p12 --p12-password-file=password --tenant=bhs`)
)

type certVerifyOptions struct {
	call    *command.Call
	output  *command.Output
	origin  command.Origin
	p12     command.PKCS12
	file    string
	keyFile string
	tenant  string
	secrets bool
	connect bool
}

func newCertVerify(call *command.Call) *cobra.Command {
	o := &certVerifyOptions{call: call, output: command.NewOutput()}
	cmd := &cobra.Command{
		Use:     "verify FILE",
		Short:   "Check whether a tenant accepts a client certificate",
		Long:    certVerifyLong,
		Example: certVerifyExample,
		Args:    command.OneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.file = args[0]
			if err := o.validate(cmd); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.output.AddTo(cmd)
	o.origin.AddTo(cmd.Flags())
	o.p12.AddPasswordTo(cmd.Flags())
	cmd.Flags().StringVar(&o.keyFile, "key", "", "Private key, to check that it matches the certificate")
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "Name of the tenant; the one in the namespace of -n, or the only one, by default")
	cmd.Flags().BoolVar(&o.secrets, "secrets", false, "Also read the certificates in the tenant's Secrets")
	cmd.Flags().BoolVar(&o.connect, "connect", true, "Connect to the tenant's endpoints to find out whether they request a client certificate")
	return cmd
}

func (o *certVerifyOptions) validate(cmd *cobra.Command) error {
	if o.keyFile != "" && o.p12.Wanted {
		return advice.Add(errors.New("--key and --p12 can't be used together: the file has its key"), "Remove --key.")
	}
	if !o.origin.Live() && (o.secrets || cmd.Flags().Changed("connect") && o.connect) {
		return advice.Add(errors.New("--secrets and --connect require a cluster"), "Remove --from, or both of them.")
	}
	return errors.Join(o.p12.Validate(cmd.Flags()), o.output.Validate())
}

func (o *certVerifyOptions) run(ctx context.Context) error {
	question, err := o.read(ctx)
	if err != nil {
		return err
	}
	namespace := o.call.Namespace()
	snap, err := o.call.Read(ctx, o.origin, queries.Certificates(namespace, o.secrets))
	if err != nil {
		return err
	}
	chosen, err := selection.One(snap, o.tenant, namespace)
	if err != nil {
		return err
	}
	o.ask(ctx, &question, snap, chosen)
	if err := ctx.Err(); err != nil {
		return err
	}
	results := trust.Check(question)
	if err := o.print(results, question); err != nil {
		return err
	}
	switch trust.Overall(results) {
	case trust.Fail:
		return command.No
	case trust.Unknown:
		return command.Unclear
	}
	return nil
}

// Read gets the certificate and the public half of its key from the files.
func (o *certVerifyOptions) read(ctx context.Context) (q trust.Question, err error) {
	if o.keyFile != "" {
		command.WarnOfMode(o.call.Streams.ErrOut, o.keyFile)
	}
	if q.Chain, q.Key, err = command.ReadCertificates(ctx, o.call, o.file, &o.p12); err != nil || o.keyFile == "" {
		return q, err
	}
	key, err := command.ReadKey(o.keyFile)
	if err != nil {
		return q, err
	}
	q.Key = key.Public()
	return q, nil
}

// AskPassword adds what the cluster and the endpoints report.
func (o *certVerifyOptions) ask(ctx context.Context, q *trust.Question, snap *snapshot.Snapshot, chosen tenant.Tenant) {
	q.Tenant, q.Now = chosen.Name, snap.Meta().At
	var unknown []snapshot.Failure
	q.CAs, q.Unknown = trust.CAs(snap, chosen)
	q.Servers, unknown = trust.Servers(snap, chosen)
	q.Unknown = append(q.Unknown, unknown...)
	for _, other := range tenant.Discover(snap) {
		if other.Name != chosen.Name {
			theirs, _ := trust.CAs(snap, other)
			q.Others = append(q.Others, theirs...)
		}
	}
	if !o.connect || !o.origin.Live() {
		return
	}
	tenants := []tenant.Tenant{chosen}
	q.Asked = map[int64]bool{}
	for _, seen := range observe(ctx, trust.Endpoints(trust.List(snap, tenants), tenant.Assess(snap, tenants))) {
		if seen.Err == nil {
			q.Asked[seen.Port] = q.Asked[seen.Port] || seen.AsksClient
		}
	}
}

func (o *certVerifyOptions) print(results []trust.Result, q trust.Question) error {
	out := o.call.Streams.Out
	if o.output.Table() {
		return render.CertificateChecks(out, q.Tenant, results, o.output.Style(out))
	}
	object, err := versioned.CertificateVerification(q.Tenant, results, q.Now)
	return o.output.Print(out, object, err)
}
