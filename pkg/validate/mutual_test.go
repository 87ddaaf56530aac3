package validate

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// TestAcceptedClients has a DICOM server that requests client certificates, with each possible
// fault.
func TestAcceptedClients(t *testing.T) {
	t.Parallel()
	other := peers.Issue(t, nil, "mhr-ca", nil)
	stranger := check.OtherClient{Tenant: "mhr", Certificate: client(t, other, "dcmclient")}
	for _, c := range []struct {
		about   string
		change  func(*setup)
		outcome check.Outcome
		code    finding.Code
		message string // in the finding, or a detail
		next    check.Outcome
	}{
		{about: "the tenant's alone", outcome: check.Pass, message: "clients of the tenant are accepted, those without a certificate and those of mhr are not", next: check.Pass},
		{about: "the tenant's own is refused", change: func(s *setup) { s.dicom.config.ClientCAs = other.Pool() },
			outcome: check.Fail, code: check.CodeClientRefused, message: "the tenant's own client certificate is refused: ", next: check.Skip},
		{about: "anybody (OPTIONAL_MUTUAL)", change: func(s *setup) { s.dicom.config.ClientAuth = tls.VerifyClientCertIfGiven },
			outcome: check.Fail, code: check.CodeAnyClientAccepted, message: "a client without a certificate is accepted", next: check.Skip},
		{about: "a other, by a shared authority", change: func(s *setup) { s.dicom.config.ClientCAs.AddCert(other.Certificate) },
			outcome: check.Fail, code: check.CodeOtherClientAccepted, message: "a client of tenant mhr is accepted", next: check.Skip},
		{about: "no other's certificate was given", change: func(s *setup) { s.subject.OtherClients, s.subject.Others = nil, []check.Subject{{Tenant: "mhr"}} },
			outcome: check.Pass, message: "those without a certificate are not; clients of other tenants were not tested: see --other-cert", next: check.Pass},
		{about: "no other tenant", change: func(s *setup) { s.subject.OtherClients = nil },
			outcome: check.Pass, message: "those without a certificate are not", next: check.Pass},
		{about: "no other's certificate", change: func(s *setup) { s.subject.OtherClients[0].Certificate = noCertificate(errors.New("you may not")) },
			outcome: check.Pass, message: "those without a certificate are not; a client of mhr was not tested: you may not", next: check.Pass},
		{about: "no certificate to be had", change: func(s *setup) { s.subject.Client = noCertificate(errors.New("the issuer is not ready")) },
			outcome: check.Skip, message: "none could be obtained: the issuer is not ready", next: check.Skip},
		{about: "no certificate at all", change: func(s *setup) { s.subject.Client = nil }, outcome: check.Skip, message: "see --cert", next: check.Skip},
		{about: "none asked for, though MUTUAL", change: func(s *setup) { s.dicom.config.ClientAuth = tls.NoClientCert },
			outcome: check.Fail, code: check.CodeAnyClientAccepted, message: "although the Gateway requires one", next: check.Skip},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(c.about+", "+tls.VersionName(version), func(t *testing.T) {
				t.Parallel()
				s := newTenant(t, "bhs")
				s.secure(&s.dicom, tls.RequireAndVerifyClientCert)
				s.dicom.config.MaxVersion = version
				s.subject.OtherClients = []check.OtherClient{stranger}
				if c.change != nil {
					c.change(s)
				}
				checks := s.run(t)
				got := named(t, checks, "dicom-clients")
				if got.Outcome != c.outcome || got.Code != c.code || !strings.Contains(got.Found+"\n"+strings.Join(got.Details, "\n"), c.message) {
					t.Errorf("%+v", got)
				}
				if next := named(t, checks, "dicom-association"); next.Outcome != c.next {
					t.Errorf("%+v", next)
				}
				if c.outcome == check.Skip && check.Worst(checks) != check.Skip {
					t.Errorf("what is not known is judged:\n%s", verdicts(checks))
				}
				if s.archive.len() != 0 {
					t.Error("images are left")
				}
			})
		}
	}
}

// TestMutualWeb signs in with the certificate and the password.
func TestMutualWeb(t *testing.T) {
	t.Parallel()
	s := newTenant(t, "bhs")
	s.secure(&s.web, tls.RequireAndVerifyClientCert)
	checks := s.run(t)
	if got := named(t, checks, "web-clients"); got.Outcome != check.Pass || !slices.ContainsFunc(got.Details, func(d string) bool { return strings.Contains(d, "a client without a certificate is refused: ") }) {
		t.Errorf("%+v", got)
	}
	if named(t, checks, "study-found").Outcome != check.Pass {
		t.Error(verdicts(checks))
	}
}

// TestMissingAnswerIsNoRefusal has a server that goes silent after it has accepted the tenant's
// own client: whether it accepts others is unknown.
func TestMissingAnswerIsNoRefusal(t *testing.T) {
	t.Parallel()
	s := newTenant(t, "bhs")
	s.options.Timeout = shortTimeout
	s.secure(&s.dicom, tls.RequireAndVerifyClientCert)
	var connections atomic.Int32 // to TCP, TLS, six as devices, the tenant's own client, one without a certificate
	s.dicom.instead = func(conn net.Conn) {
		if connections.Add(1) <= 9 {
			conn = tls.Server(conn, s.dicom.config)
		}
		silence(conn)
	}
	got := named(t, s.run(t), "dicom-clients")
	if got.Outcome != check.Fail || got.Code != check.CodeNoAnswer {
		t.Errorf("%+v", got)
	}
}

// failing is a connection that breaks without an answer from the server.
type failing struct{ net.Conn }

var errTunnel = errors.New("the tunnel is lost")

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	if err != nil {
		err = errTunnel // as a tunnel reports an error that is not an answer of the server
	}
	return n, err
}

// TestBrokenConnectionIsNoRefusal checks that an error that is not an answer of the server is
// not treated as a refusal.
func TestBrokenConnectionIsNoRefusal(t *testing.T) {
	t.Parallel()
	s := newTenant(t, "bhs")
	s.secure(&s.dicom, tls.RequireAndVerifyClientCert)
	var connections atomic.Int32 // to TCP, TLS, six as devices, the tenant's own client, one without a certificate
	s.options.Dial = func(ctx context.Context, sub check.Subject, p check.Endpoint) (net.Conn, error) {
		conn, err := dialPlace(ctx, sub, p)
		if err != nil || p != sub.DICOM || connections.Add(1) != 10 {
			return conn, err
		}
		_ = conn.(*net.TCPConn).CloseRead()
		return &failing{Conn: conn}, nil
	}
	got := named(t, s.run(t), "dicom-clients")
	if got.Outcome != check.Fail || got.Code != check.CodeNoConnection || !strings.Contains(got.Found, errTunnel.Error()) {
		t.Errorf("%+v", got)
	}
}
