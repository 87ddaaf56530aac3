package cert

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

var (
	verifyLong = templates.LongDesc(`
		Check whether a tenant accepts a client certificate now: its dates, its
		allowed usages, its key, whether the tenant's CA signed it, and whether the
		tenant's Gateways request a client certificate.

		The exit status is 0 when the tenant accepts the certificate, 1 when it does
		not, 2 when something could not be read, so that the result is not known.`)
	verifyExample = templates.Examples(`
		# A new certificate, with its key
		kubectl orthweb cert verify bhs.client.crt --key=bhs.client.key --tenant=bhs

		# A certificate in a keystore
		kubectl orthweb cert verify ct1.client.p12 --p12 --p12-password-file=password --tenant=bhs`)
)

type verifyOptions struct {
	source
	p12     command.PKCS12
	file    string
	keyFile string
	tenant  string
}

func newVerify(call *command.Call) *cobra.Command {
	o := &verifyOptions{source: source{printer: newPrinter(call)}}
	cmd := &cobra.Command{
		Use:     "verify FILE",
		Short:   "Check whether a tenant accepts a client certificate",
		Long:    verifyLong,
		Example: verifyExample,
		Args:    command.OneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.file = args[0]
			if err := o.validate(cmd); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.source.addTo(cmd, "Also read the certificates in the tenant's Secrets", "Connect to the tenant's endpoints to find out whether they request a client certificate")
	o.p12.AddPasswordTo(cmd.Flags())
	cmd.Flags().StringVar(&o.keyFile, "key", "", "Private key, to check that it matches the certificate")
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "Name of the tenant; the one in the namespace of -n, or the only one, by default")
	return cmd
}

func (o *verifyOptions) validate(cmd *cobra.Command) error {
	if o.keyFile != "" && o.p12.Wanted {
		return advice.Add(errors.New("--key and --p12 can't be used together: the file has its key"), "Remove --key.")
	}
	return errors.Join(o.p12.Validate(cmd.Flags()), o.source.validate(cmd))
}

func (o *verifyOptions) run(ctx context.Context) error {
	question, err := o.readFiles(ctx)
	if err != nil {
		return err
	}
	snap, err := o.read(ctx)
	if err != nil {
		return err
	}
	chosen, err := selection.One(snap, o.tenant, o.call.Namespace())
	if err != nil {
		return err
	}
	o.ask(ctx, &question, snap, chosen)
	if err := ctx.Err(); err != nil {
		return err
	}
	results := trust.Check(question)
	if err := o.printResults(results, question); err != nil {
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

// readFiles gets the certificate and the public half of its key from the files.
func (o *verifyOptions) readFiles(ctx context.Context) (q trust.Question, err error) {
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

// ask adds what the cluster and the endpoints return.
func (o *verifyOptions) ask(ctx context.Context, q *trust.Question, snap *snapshot.Snapshot, chosen tenant.Tenant) {
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
	if !o.connects() {
		return
	}
	tenants := []tenant.Tenant{chosen}
	q.Requested = map[int64]bool{}
	for _, seen := range o.observe(ctx, snap, trust.List(snap, tenants), tenants) {
		if seen.Err == nil {
			q.Requested[seen.Port] = q.Requested[seen.Port] || seen.AsksClient
		}
	}
}

func (o *verifyOptions) printResults(results []trust.Result, q trust.Question) error {
	return o.print(
		func(out io.Writer, style term.Style) error {
			return render.CertificateChecks(out, q.Tenant, results, style)
		},
		func() (runtime.Object, error) { return versioned.CertificateVerification(q.Tenant, results, q.Now) },
	)
}
