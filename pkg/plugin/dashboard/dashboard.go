// Package dashboard is the command "dashboard": it forwards the port of a web interface to this
// machine.
package dashboard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/dashboard"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/portforward"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

var (
	long = templates.LongDesc(`
		Open a web interface in the browser: that of Kiali, Grafana, Prometheus, or of a
		tenant's Orthanc.

		The command finds the Service, and forwards a free port of this machine to one
		of its ready pods through the API server, as 'kubectl port-forward' does. When
		the pod is replaced, new connections go to another one. Only this machine can
		connect: it listens on 127.0.0.1. Press Ctrl-C to stop.

		The address is printed on standard output, and what is required to sign in on
		standard error: where the credentials are, never the credentials.`)
	example = templates.Examples(`
		# The service mesh
		kubectl orthweb dashboard kiali

		# A tenant's Orthanc, on a fixed port, without a browser
		kubectl orthweb dashboard orthanc bhs --port=8042 --no-browser`)
)

// variant is one of the subcommands.
type variant struct {
	program dashboard.Program
	use     string
	short   string
	long    string
	example string
}

var variants = []variant{
	{dashboard.Kiali, "kiali [TENANT]", "Open Kiali", `
		Open Kiali, the console of the service mesh: with a tenant, the graph of its
		namespaces.`, `
		# The whole mesh
		kubectl orthweb dashboard kiali

		# A tenant's traffic
		kubectl orthweb dashboard kiali bhs`},
	{dashboard.Grafana, "grafana [TENANT]", "Open Grafana", `
		Open Grafana, the dashboards of metrics. It has no page about a tenant: with a
		tenant, the command says which namespaces to choose in the dashboards.`, `
		# Print the address, and open no browser
		kubectl orthweb dashboard grafana --no-browser`},
	{dashboard.Prometheus, "prometheus [TENANT]", "Open Prometheus", `
		Open Prometheus, the store of metrics: with a tenant, the targets in its
		namespaces.`, `
		# Which targets of a tenant are up
		kubectl orthweb dashboard prometheus bhs`},
	{dashboard.Orthanc, "orthanc [TENANT]", "Open a tenant's Orthanc", `
		Open the web interface of a tenant's Orthanc. The connection does not use the
		tenant's ingress: neither its certificates nor its policies apply.`, `
		# On the port that Orthanc itself has
		kubectl orthweb dashboard orthanc bhs --port=8042`},
}

const common = `

		The namespace of -n is that of the Service. See 'kubectl orthweb dashboard --help'
		for more.`

type options struct {
	variant
	call      *command.Call
	tenant    string
	port      int
	noBrowser bool
}

// New is the command "dashboard", with its subcommands.
func New(call *command.Call) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "dashboard",
		Short:   "Open a web interface in the browser",
		Long:    long,
		Example: example,
		Args:    command.NoArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, v := range variants {
		cmd.AddCommand(newVariant(call, v))
	}
	return cmd
}

func newVariant(call *command.Call, v variant) *cobra.Command {
	o := &options{variant: v, call: call}
	cmd := &cobra.Command{
		Use:     v.use,
		Short:   v.short,
		Long:    templates.LongDesc(v.long + common),
		Example: templates.Examples(v.example),
		Args:    command.OneTenantAtMost,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.tenant = args[0]
			}
			if err := o.validate(cmd); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().IntVar(&o.port, "port", 0, "Port of this machine to listen on; a free one by default")
	cmd.Flags().BoolVar(&o.noBrowser, "no-browser", false, "Don't open a browser")
	return cmd
}

// validate rejects wrong flags before anything is read.
func (o *options) validate(cmd *cobra.Command) error {
	if o.port < 0 || o.port > 65535 || o.port == 0 && cmd.Flags().Changed("port") {
		return advice.Add(errors.New("--port must be from 1 to 65535"), "See '%s --help' for usage.", cmd.CommandPath())
	}
	return nil
}

// localhost is the only address that the command listens on.
const localhost = "127.0.0.1"

func (o *options) run(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(localhost, strconv.Itoa(o.port)))
	if err != nil {
		return advice.Add(fmt.Errorf("listening on %s: %w", localhost, err), "Choose another port with --port, or omit it for a free one.")
	}
	defer func() { _ = listener.Close() }()
	found, err := o.find(ctx)
	if err != nil {
		return err
	}
	stderr := o.call.Streams.ErrOut
	address := found.endpoint.Address(found.pod, listener.Addr().String(), found.tenant)
	escape.Fprintf(stderr, "Forwarding to %s port %d, of %s. Press Ctrl-C to stop.\n", found.pod.GetNamespace()+"/"+found.pod.GetName(), found.podPort, found.endpoint.Ref())
	credentials := o.credentials(ctx, found)
	escape.Fprintf(stderr, "%s\n", credentials.Text)
	if credentials.Command != "" {
		escape.Fprintf(stderr, "  %s\n", credentials.Command)
	}
	if o.program.Title == dashboard.Grafana.Title && found.tenant != nil {
		escape.Fprintf(stderr, "Choose the namespace of the tenant in the dashboards: %s.\n", escape.List(found.tenant.Namespaces))
	}
	if address.Scheme == "https" {
		escape.Fprintf(stderr, "The certificate is not issued for %s: the browser warns of it.\n", localhost)
	}
	if _, err := escape.Fprintln(o.call.Streams.Out, address.String()); err != nil {
		return err
	}
	o.open(ctx, address.String())
	return o.serve(ctx, listener, found)
}

// serve forwards connections until the context ends.
func (o *options) serve(ctx context.Context, listener net.Listener, found target) error {
	b := &backend{options: o, target: found}
	err := portforward.Serve(ctx, listener, b.dial, b.failed)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("listening on %s: %w", listener.Addr(), err)
}
