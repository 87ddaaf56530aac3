package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/trust"
)

var (
	certListLong = templates.LongDesc(`
		Show every certificate of the tenants: what signs what, who shows it to
		clients, how long it is still good, and whether what is shown is what
		cert-manager issued last.

		Certificates are read from cert-manager's requests, which takes no right to
		read Secrets; --secrets reads the certificates in Secrets as well. To see
		what is shown, it connects to the tenants' doors; --connect=false does not.

		The exit status is 0; with --expiring-within it is 1 when a certificate
		ends within that time, or its end is not known.`)
	certListExample = templates.Examples(`
		# Every certificate of every tenant
		kubectl orthweb cert list

		# Fail in a script when one ends within 30 days
		kubectl orthweb cert list --expiring-within=30d

		# Of a recorded cluster
		kubectl orthweb cert list --from=example:healthy`)
)

type certListOptions struct {
	facts    *factsFlags
	output   *outputFlags
	origin   origin
	names    []string
	secrets  bool
	connect  bool
	within   string
	expiring time.Duration
}

func newCertList(facts *factsFlags) *cobra.Command {
	o := &certListOptions{facts: facts, output: newOutputFlags()}
	cmd := &cobra.Command{
		Use:     "list [TENANT...]",
		Aliases: []string{"ls"},
		Short:   "Show the tenants' certificates",
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
	o.output.addTo(cmd)
	o.origin.addTo(cmd.Flags())
	cmd.Flags().BoolVar(&o.secrets, "secrets", false, "Read the certificates in the tenants' Secrets too")
	cmd.Flags().BoolVar(&o.connect, "connect", true, "Connect to the tenants' doors to see what they show")
	cmd.Flags().StringVar(&o.within, "expiring-within", "", "Show only certificates that end within this time, as 30d, and exit 1 when there are any")
	return cmd
}

func (o *certListOptions) validate(cmd *cobra.Command) (err error) {
	if o.within != "" {
		if o.expiring, err = certs.ParseDuration(o.within); err != nil {
			return fmt.Errorf("--expiring-within: %w", err)
		}
	}
	if !o.origin.live() && (o.secrets || cmd.Flags().Changed("connect") && o.connect) {
		return withHint(errors.New("--secrets and --connect need a cluster"), "Leave --from out, or them.")
	}
	return o.output.validate()
}

// certWants is what certificates are worked out from. Secrets only where the
// user said so: there are more than certificates in them.
func certWants(namespace string, secrets bool) []collect.Want {
	wants := append(tenantWants(namespace), collect.Want{GroupKind: schema.GroupKind{Group: health.CertificateKind.Group, Kind: "CertificateRequest"}})
	if secrets {
		wants = append(wants, collect.Want{GroupKind: schema.GroupKind{Kind: "Secret"}, FieldSelector: "type=kubernetes.io/tls"},
			collect.Want{GroupKind: schema.GroupKind{Kind: "Secret"}, FieldSelector: "type=Opaque"})
	}
	if namespace != "" {
		for i := range wants {
			wants[i].Namespaces = []string{namespace}
		}
	}
	return wants
}

func (o *certListOptions) run(ctx context.Context) error {
	namespace := o.facts.namespace()
	snap, err := o.facts.read(ctx, o.origin, certWants(namespace, o.secrets))
	if err != nil {
		return err
	}
	tenants, err := chooseTenants(snap, o.names, namespace)
	if err != nil {
		return err
	}
	entries := trust.List(snap, tenants)
	if o.connect && o.origin.live() {
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
		return answer(exitNo)
	}
	return nil
}

// ending are the certificates that end before then, or whose end isn't known.
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
	out := o.facts.streams.Out
	if !o.output.table() {
		object, err := render.CertificatesObject(entries, now)
		return o.output.print(out, object, err)
	}
	if len(entries) == 0 {
		text := "No certificate was found."
		if o.expiring > 0 {
			text = "No certificate ends within " + o.within + "."
		}
		_, err := escape.Fprintln(out, text)
		return err
	}
	return render.Certificates(out, entries, now, o.output.style(out))
}
