package cert

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/probe"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// printer prints the results of all commands in the format of -o.
type printer struct {
	call   *command.Call
	output *command.Output
}

func newPrinter(call *command.Call) printer {
	return printer{call: call, output: command.NewOutput()}
}

// print prints a table, or the object in the format that the user chose.
func (p printer) print(table func(io.Writer, term.Style) error, object func() (runtime.Object, error)) error {
	out := p.call.Streams.Out
	if p.output.Table() {
		return table(out, p.output.Style(out))
	}
	result, err := object()
	return p.output.Print(out, result, err)
}

// source are the flags of commands that read the certificates of tenants: from a cluster
// and its endpoints, or from a recording.
type source struct {
	printer
	origin  command.Origin
	secrets bool
	connect bool
}

// addTo adds the flags. The usages of --secrets and --connect differ.
func (s *source) addTo(cmd *cobra.Command, secrets, connect string) {
	s.output.AddTo(cmd)
	s.origin.AddTo(cmd.Flags())
	cmd.Flags().BoolVar(&s.secrets, "secrets", false, secrets)
	cmd.Flags().BoolVar(&s.connect, "connect", true, connect)
}

// validate rejects wrong flags before anything is read.
func (s *source) validate(cmd *cobra.Command) error {
	if !s.origin.Live() && (s.secrets || cmd.Flags().Changed("connect") && s.connect) {
		return advice.Add(errors.New("--secrets and --connect require a cluster"), "Remove --from, or both of them.")
	}
	return s.output.Validate()
}

// read reads the objects with certificates.
func (s *source) read(ctx context.Context) (*snapshot.Snapshot, error) {
	return s.call.Read(ctx, s.origin, queries.OnlyFields(queries.Certificates(s.call.Namespace(), s.secrets)))
}

// connects reports whether the endpoints of the tenants are observed.
func (s *source) connects() bool { return s.connect && s.origin.Live() }

// observe connects to the endpoints of the tenants.
func (s *source) observe(ctx context.Context, snap *snapshot.Snapshot, entries []trust.Entry, tenants []tenant.Tenant) []trust.Observation {
	return probe.Observe(ctx, trust.Endpoints(entries, tenant.Assess(snap, tenants)))
}
