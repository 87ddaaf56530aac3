// Package exporter is the command "exporter": it watches the cluster, and serves the states of the
// tenants as metrics for Prometheus.
package exporter

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

var (
	long = templates.LongDesc(`
		Serve the states of all tenants as metrics for Prometheus, until interrupted.

		It watches what 'status --watch' watches, and exports the status of each tenant
		and layer, the codes of the causes of tenants that are not ready, when layers
		were last reconciled, when certificates expire, host names without an address,
		and whether its own view of the cluster is current. What could not be read is
		exported as unknown, never as ready.

		With --probe-every, it also runs the checks of 'validate' for each tenant, up to
		C-ECHO: nothing is stored, unless you specify --probe-store and the study can be
		found and removed again. A client certificate is issued if a server requests
		one, which requires the permissions of 'cert issue'.

		It is meant to run in the cluster, with its ServiceAccount: see deploy/exporter,
		which also has alerts and a dashboard. Outside, it uses your kubeconfig.

		The paths are /metrics, /healthz (it is running) and /readyz (the cluster has
		been read).`)
	example = templates.Examples(`
		# Outside the cluster, on this machine only
		kubectl orthweb exporter --listen-address=127.0.0.1:9464

		# Also probe each tenant every five minutes
		kubectl orthweb exporter --listen-address=127.0.0.1:9465 --probe-every=5m`)
)

// The limits of flags.
const (
	minProbeEvery = 10 * time.Second
	defaultSeries = 20_000
)

type options struct {
	call         *command.Call
	address      string
	resync       time.Duration
	series       int
	probeEvery   time.Duration
	probeTimeout time.Duration
	probeStore   bool
	secret       string
}

// New is the command "exporter".
func New(call *command.Call) *cobra.Command {
	o := &options{call: call}
	cmd := &cobra.Command{
		Use:     "exporter",
		Short:   "Serve metrics of tenants for Prometheus",
		Long:    long,
		Example: example,
		Args:    command.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(cmd.Flags().Changed("probe-every")); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.address, "listen-address", ":9464", "Address and port to serve the metrics on")
	flags.DurationVar(&o.resync, "resync", time.Minute, "How often the causes of a tenant that stays not ready are determined again, and kinds are listed that can't be watched")
	flags.IntVar(&o.series, "max-series", defaultSeries, "Largest number of series of each metric; orthweb_exporter_dropped_series reports how many more there are")
	flags.DurationVar(&o.probeEvery, "probe-every", 0, "How often to probe each tenant as 'validate' does, at least 10s; not at all by default")
	flags.DurationVar(&o.probeTimeout, "probe-timeout", 10*time.Second, "How long each check of a probe may take")
	flags.BoolVar(&o.probeStore, "probe-store", false, "Store the test study of 'validate' in each probe, and remove it, if nothing else can be lost")
	flags.StringVar(&o.secret, "password-secret", "", "Sign in to Orthanc's web interface with the password in the Secret of this name in each tenant's own namespace, as NAME[:KEY]")
	return cmd
}

// validate rejects wrong flags before anything is read.
func (o *options) validate(probes bool) error {
	const hint = "See 'kubectl orthweb exporter --help' for usage."
	_, port, err := net.SplitHostPort(o.address)
	number, notNumber := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil || notNumber != nil:
		return advice.Add(fmt.Errorf("--listen-address must be HOST:PORT or :PORT, not %q", o.address), "Specify an address of this machine, such as 127.0.0.1:9464.")
	case number == 0 && port != "0":
		return advice.Add(fmt.Errorf("--listen-address must have a port from 0 to 65535, not %q", port), hint)
	case o.resync < time.Second:
		return advice.Add(errors.New("--resync must be a second or more"), hint)
	case o.series < 1:
		return advice.Add(errors.New("--max-series must be above 0"), hint)
	case probes && o.probeEvery < minProbeEvery:
		return advice.Add(fmt.Errorf("--probe-every must be %s or more", minProbeEvery), hint)
	case o.probeTimeout <= 0:
		return advice.Add(errors.New("--probe-timeout must be above 0"), hint)
	case strings.Contains(o.secret, "/"):
		return advice.Add(errors.New("--password-secret must not name a namespace"), "Specify NAME[:KEY]: it is read in each tenant's own namespace.")
	}
	return nil
}

// run serves until ctx ends, which is no error: the exporter has no other end.
func (o *options) run(ctx context.Context) error {
	config, err := o.call.Config()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.address)
	if err != nil {
		return advice.Add(fmt.Errorf("listening on %s: %w", o.address, err), "Choose another address with --listen-address.")
	}
	if err := o.serve(ctx, config, listener); ctx.Err() == nil {
		return err
	}
	return nil
}

// serve serves the metrics on the listener, which it closes.
func (o *options) serve(ctx context.Context, config *request.Config, listener net.Listener) error {
	e := newExporter(o)
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return serveHTTP(running, listener, e) })
	group.Go(func() error { return e.follow(running) })
	group.Go(func() error { return e.explainAll(running) })
	if o.probeEvery > 0 {
		group.Go(func() error { return newProber(e, config).run(running) })
	}
	escape.Fprintf(o.call.Streams.ErrOut, "Serving metrics at http://%s/metrics\n", listener.Addr())
	return group.Wait()
}
