package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

var (
	certListLong = templates.LongDesc(`
		List the certificates of the tenants: who signed each, which server presents
		it to clients, how long it is still valid, and whether the server presents
		the one that cert-manager issued last.

		Certificates are read from cert-manager's CertificateRequests, which requires
		no permission to read Secrets; --secrets reads the certificates in Secrets,
		too. To find out which certificates are presented, it connects to the
		tenants' endpoints; --connect=false disables that.

		The exit status is 0; with --expiring-within it is 1 when a certificate
		expires within that time, or its expiry is not known.`)
	certListExample = templates.Examples(`
		# Every certificate of every tenant
		kubectl orthweb cert list

		# Fail in a script when one expires within 30 days
		kubectl orthweb cert list --expiring-within=30d

		# Every certificate of a recorded cluster
		kubectl orthweb cert list --from=example:healthy`)
)

type certListOptions struct {
	call     *command.Call
	output   *command.Output
	origin   command.Origin
	names    []string
	secrets  bool
	connect  bool
	within   string
	expiring time.Duration
}

func newCertList(call *command.Call) *cobra.Command {
	o := &certListOptions{call: call, output: command.NewOutput()}
	cmd := &cobra.Command{
		Use:     "list [TENANT...]",
		Aliases: []string{"ls"},
		Short:   "List the certificates of tenants",
		Long:    certListLong,
		Example: certListExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			if err := o.validate(cmd); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.output.AddTo(cmd)
	o.origin.AddTo(cmd.Flags())
	cmd.Flags().BoolVar(&o.secrets, "secrets", false, "Also read the certificates in the tenants' Secrets")
	cmd.Flags().BoolVar(&o.connect, "connect", true, "Connect to the tenants' endpoints to get the certificates that they present")
	cmd.Flags().StringVar(&o.within, "expiring-within", "", "Show only certificates that expire within this time, such as 30d, and exit 1 when there are any")
	return cmd
}

func (o *certListOptions) validate(cmd *cobra.Command) (err error) {
	if o.within != "" {
		if o.expiring, err = certs.ParseDuration(o.within); err != nil {
			return fmt.Errorf("--expiring-within: %w", err)
		}
	}
	if !o.origin.Live() && (o.secrets || cmd.Flags().Changed("connect") && o.connect) {
		return advice.Add(errors.New("--secrets and --connect require a cluster"), "Remove --from, or both of them.")
	}
	return o.output.Validate()
}

func (o *certListOptions) run(ctx context.Context) error {
	namespace := o.call.Namespace()
	snap, err := o.call.Read(ctx, o.origin, queries.Certificates(namespace, o.secrets))
	if err != nil {
		return err
	}
	tenants, err := selection.Several(snap, o.names, namespace)
	if err != nil {
		return err
	}
	entries := trust.List(snap, tenants)
	if o.connect && o.origin.Live() {
		entries = trust.Compare(entries, observe(ctx, trust.Endpoints(entries, tenant.Assess(snap, tenants))))
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	now := snap.Meta().At
	if o.expiring > 0 {
		entries = ending(entries, now.Add(o.expiring))
	}
	if err := o.print(entries, snap, now); err != nil {
		return err
	}
	if o.expiring > 0 && len(entries) > 0 {
		return command.No
	}
	return nil
}

// ending are the certificates that end before the time, or whose end isn't known.
func ending(entries []trust.Entry, then time.Time) []trust.Entry {
	var found []trust.Entry
	for _, e := range entries {
		if e.NotAfter.Before(then) {
			found = append(found, e)
		}
	}
	return found
}

func (o *certListOptions) print(entries []trust.Entry, snap *snapshot.Snapshot, now time.Time) error {
	out := o.call.Streams.Out
	if !o.output.Table() {
		object, err := versioned.CertificateList(entries, now)
		return o.output.Print(out, object, err)
	}
	if len(entries) == 0 {
		text := "No certificates found."
		if o.expiring > 0 {
			text = "No certificate expires within " + o.within + "."
		}
		_, err := escape.Fprintln(out, text)
		return err
	}
	return render.Certificates(out, entries, now, o.output.Style(out))
}
