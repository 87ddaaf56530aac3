package validate

import (
	"context"
	"errors"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/probe"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
)

// diagnoseHandshake determines why a handshake failed.
func (v *validation) diagnoseHandshake(ctx context.Context, p check.Endpoint, isDICOM bool) (t endpoint.FailedHandshake) {
	try := func(do func(context.Context)) {
		ctx, cancel := context.WithTimeout(ctx, endpoint.AttemptTimeout)
		defer cancel()
		do(ctx)
	}
	hello := probe.Hello{ServerName: p.Host, Versions: []uint16{endpoint.Tls13, endpoint.Tls12, endpoint.Tls11, endpoint.Tls10}, CipherSuites: endpoint.SuitesAll}
	try(func(ctx context.Context) { t.Anything = v.sendHello(ctx, p, hello) })
	if t.Anything.Accepted() || t.Anything.Reply.Kind == probe.Alerted {
		return t
	}
	try(func(ctx context.Context) { t.Proxied = v.sendHello(ctx, p, hello, []byte(endpoint.ProxyHeader)...) })
	if isDICOM && !t.Proxied.Accepted() {
		try(func(ctx context.Context) { t.Clear = v.associateInClear(ctx, p) })
	}
	return t
}

// associateInClear requests an association without TLS, and returns the answer, empty if it
// was not DICOM.
func (v *validation) associateInClear(ctx context.Context, p check.Endpoint) string {
	conn, err := v.options.Connect(ctx, v.subject, p)
	if err != nil {
		return ""
	}
	defer func() { _ = conn.Close() }()
	association, err := dicom.Associate(ctx, conn, dicom.Options{
		Calling: v.options.Calling, Called: v.options.Called, Contexts: dicom.Propose(),
		Timeouts: dicom.Timeouts{Association: endpoint.AttemptTimeout, Response: endpoint.AttemptTimeout},
	})
	var rejected *dicom.RejectError
	var aborted *dicom.AbortError
	switch {
	case err == nil:
		_ = association.Release(ctx) // it is of no use either way
		return "it was accepted"
	case errors.As(err, &rejected):
		return rejected.Error()
	case errors.As(err, &aborted):
		return aborted.Error()
	}
	return ""
}
