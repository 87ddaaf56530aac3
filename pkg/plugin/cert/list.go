package cert

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/fleet"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

var (
	listLong = templates.LongDesc(`
		List the certificates of the tenants: the CA that signed each certificate, the
		server that presents it to clients, how long it is valid, and whether the server
		presents the one that cert-manager issued last.

		Certificates are read from cert-manager's CertificateRequests, which requires
		no permission to read Secrets; --secrets reads the certificates in Secrets,
		too. To find out which certificates are presented, it connects to the
		tenants' endpoints; --connect=false disables that.

		The exit status is 0; with --expiring-within it is 1 when a certificate
		expires within that time, or its expiry is not known.`)
	listExample = templates.Examples(`
		# Every certificate of every tenant
		kubectl orthweb cert list

		# Fail in a script when one expires within 30 days
		kubectl orthweb cert list --expiring-within=30d

		# Those of several clusters
		kubectl orthweb cert list --contexts='prod-*' --expiring-within=30d

		# Every certificate of a recorded cluster
		kubectl orthweb cert list --from=example:healthy`)
)

type listOptions struct {
	source
	fleet    fleet.Flags
	names    []string
	within   string
	expiring time.Duration
}

func newList(call *command.Call) *cobra.Command {
	o := &listOptions{source: source{printer: newPrinter(call)}}
	cmd := &cobra.Command{
		Use:     "list [TENANT...]",
		Aliases: []string{"ls"},
		Short:   "List the certificates of tenants",
		Long:    listLong,
		Example: listExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			if err := o.validate(cmd); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.source.addTo(cmd, "Also read the certificates in the tenants' Secrets", "Connect to the tenants' endpoints to get the certificates that they present")
	o.fleet.AddTo(cmd.Flags(), fleet.Timeout)
	cmd.Flags().StringVar(&o.within, "expiring-within", "", "Show only certificates that expire within this time, such as 30d, and exit 1 when there are any")
	return cmd
}

func (o *listOptions) validate(cmd *cobra.Command) (err error) {
	if o.within != "" {
		if o.expiring, err = certs.ParseDuration(o.within); err != nil {
			return fmt.Errorf("--expiring-within: %w", err)
		}
	}
	return cmp.Or(o.fleet.Validate(cmd.Flags()), o.source.validate(cmd))
}

func (o *listOptions) run(ctx context.Context) error {
	if o.fleet.Set() {
		return o.runClusters(ctx)
	}
	snap, err := o.read(ctx)
	if err != nil {
		return err
	}
	tenants, err := selection.Several(snap, o.names, o.call.Namespace())
	if err != nil {
		return err
	}
	entries, err := o.entries(ctx, snap, tenants)
	if err != nil {
		return err
	}
	if err := o.printEntries(entries, snap.Meta().At); err != nil {
		return err
	}
	return o.answer(len(entries))
}

// entries are the certificates to list.
func (o *listOptions) entries(ctx context.Context, snap *snapshot.Snapshot, tenants []tenant.Tenant) ([]trust.Entry, error) {
	entries := trust.List(snap, tenants)
	if o.connects() {
		entries = trust.Compare(entries, o.observe(ctx, snap, entries, tenants))
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	if o.expiring > 0 {
		entries = ending(entries, snap.Meta().At.Add(o.expiring))
	}
	return entries, nil
}

// answer is "no" if certificates expire within the time that the user specified.
func (o *listOptions) answer(listed int) error {
	if o.expiring > 0 && listed > 0 {
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

func (o *listOptions) printEntries(entries []trust.Entry, now time.Time) error {
	return o.print(func(out io.Writer, style term.Style) error {
		if len(entries) > 0 {
			return render.Certificates(out, entries, now, style)
		}
		_, err := escape.Fprintln(out, o.none())
		return err
	}, func() (runtime.Object, error) { return versioned.CertificateList(entries, now) })
}

// none is the output if no certificate is listed.
func (o *listOptions) none() string {
	if o.expiring > 0 {
		return "No certificate expires within " + o.within + "."
	}
	return "No certificates found."
}
