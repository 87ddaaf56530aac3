package validate

import (
	"context"
	"errors"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/probe"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
)

// checkTLS performs a handshake and stores the result in into. If it fails, it determines
// why.
func (v *validation) checkTLS(p check.Endpoint, isDICOM bool, into *probe.Handshake) func(context.Context) check.Check {
	return func(ctx context.Context) check.Check {
		conn, err := v.options.Connect(ctx, v.subject, p)
		if err != nil {
			return endpoint.JudgeTCP(p, err, v.subject.Tenant)
		}
		*into, err = probe.DoHandshake(ctx, conn, p.Host)
		_ = conn.Close()
		if err != nil {
			return endpoint.JudgeFailedHandshake(err, v.diagnoseHandshake(ctx, p, isDICOM), p, v.subject.Tenant)
		}
		return endpoint.JudgeTLS(*into)
	}
}

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
		_ = association.Release(ctx) // its result has no effect
		return "it was accepted"
	case errors.As(err, &rejected):
		return rejected.Error()
	case errors.As(err, &aborted):
		return aborted.Error()
	}
	return ""
}

// sendHello sends a ClientHello over a new connection.
func (v *validation) sendHello(ctx context.Context, p check.Endpoint, hello probe.Hello, before ...byte) endpoint.HelloResult {
	conn, err := v.options.Connect(ctx, v.subject, p)
	if err != nil {
		return endpoint.HelloResult{Err: err}
	}
	defer func() { _ = conn.Close() }()
	reply, err := probe.SendHello(ctx, conn, hello, before...)
	return endpoint.HelloResult{Reply: reply, Err: err}
}

// checkDevices tests which kinds of devices receive the server's certificate.
func (v *validation) checkDevices(p check.Endpoint, seen *probe.Handshake) func(context.Context) check.Check {
	return func(ctx context.Context) check.Check {
		named := endpoint.Devices[0].Hello
		named.ServerName = p.Host
		with := v.sendHello(ctx, p, named)
		var came []endpoint.HelloResult
		for _, d := range endpoint.Devices {
			came = append(came, v.sendHello(ctx, p, d.Hello))
		}
		c := endpoint.JudgeDevices(with, came, p, v.subject.Tenant)
		if c.Outcome == check.Fail || !came[0].Accepted() {
			return c
		}
		return v.compareUnnamed(ctx, p, seen, c)
	}
}

// compareUnnamed checks the certificate that is presented without SNI.
func (v *validation) compareUnnamed(ctx context.Context, p check.Endpoint, seen *probe.Handshake, c check.Check) check.Check {
	conn, err := v.options.Connect(ctx, v.subject, p)
	if err != nil {
		return c
	}
	defer func() { _ = conn.Close() }()
	unnamed, err := probe.DoHandshake(ctx, conn, "")
	if err != nil || len(unnamed.Chain) == 0 || len(seen.Chain) == 0 || unnamed.Chain[0].Equal(seen.Chain[0]) {
		return c
	}
	return endpoint.JudgeUnnamed(unnamed.Chain, p, v.subject, v.options.Now(), c)
}

// checkCertificate judges the certificate that the server presented in the handshake.
func (v *validation) checkCertificate(p check.Endpoint, seen *probe.Handshake) func(context.Context) check.Check {
	return func(context.Context) check.Check {
		c := endpoint.JudgeCertificate(seen.Chain, p.Host, v.subject, v.options.Now())
		if c.Outcome == check.Fail && v.options.Insecure {
			c.Outcome = check.Warn
			c.Found += " (continuing because of --insecure)"
		}
		return c
	}
}
