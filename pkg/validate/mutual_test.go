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
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// TestWhoIsLetIn has the DICOM door ask clients for certificates, in each way
// that goes wrong.
func TestWhoIsLetIn(t *testing.T) {
	t.Parallel()
	other := newAuthority(t, "mhr-ca")
	stranger := OtherClient{Tenant: "mhr", Certificate: other.client("dcmclient")}
	for _, c := range []struct {
		about   string
		change  func(*setup)
		outcome Outcome
		code    finding.Code
		says    string // in what was found, or a detail
		next    Outcome
	}{
		{about: "the tenant's alone", outcome: Pass, says: "clients of the tenant are accepted, those without a certificate and those of mhr are not", next: Pass},
		{about: "the tenant's own is refused", change: func(s *setup) { s.dicom.config.ClientCAs = other.pool() },
			outcome: Fail, code: codeClientRefused, says: "the tenant's own client certificate is refused: ", next: Skip},
		{about: "anybody (OPTIONAL_MUTUAL)", change: func(s *setup) { s.dicom.config.ClientAuth = tls.VerifyClientCertIfGiven },
			outcome: Fail, code: codeAnyClientAccepted, says: "a client without a certificate is accepted", next: Skip},
		{about: "a other, by a shared authority", change: func(s *setup) { s.dicom.config.ClientCAs.AddCert(other.cert) },
			outcome: Fail, code: codeOtherClientAccepted, says: "a client of tenant mhr is accepted", next: Skip},
		{about: "no other's certificate was given", change: func(s *setup) { s.subject.OtherClients, s.subject.Others = nil, []Subject{{Tenant: "mhr"}} },
			outcome: Pass, says: "those without a certificate are not; clients of other tenants were not tested: see --other-cert", next: Pass},
		{about: "no other tenant", change: func(s *setup) { s.subject.OtherClients = nil },
			outcome: Pass, says: "those without a certificate are not", next: Pass},
		{about: "no other's certificate", change: func(s *setup) { s.subject.OtherClients[0].Certificate = noCertificate(errors.New("you may not")) },
			outcome: Pass, says: "those without a certificate are not; a client of mhr was not tested: you may not", next: Pass},
		{about: "no certificate to be had", change: func(s *setup) { s.subject.Client = noCertificate(errors.New("the issuer is not ready")) },
			outcome: Skip, says: "none could be obtained: the issuer is not ready", next: Skip},
		{about: "no certificate at all", change: func(s *setup) { s.subject.Client = nil }, outcome: Skip, says: "see --cert", next: Skip},
		{about: "none asked for, though MUTUAL", change: func(s *setup) { s.dicom.config.ClientAuth = tls.NoClientCert },
			outcome: Fail, code: codeAnyClientAccepted, says: "although the Gateway requires one", next: Skip},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(c.about+", "+tls.VersionName(version), func(t *testing.T) {
				t.Parallel()
				s := newTenant(t, "bhs")
				s.secure(&s.dicom, tls.RequireAndVerifyClientCert)
				s.dicom.config.MaxVersion = version
				s.subject.OtherClients = []OtherClient{stranger}
				if c.change != nil {
					c.change(s)
				}
				checks := s.run(t)
				got := named(t, checks, "dicom-clients")
				if got.Outcome != c.outcome || got.Code != c.code || !strings.Contains(got.Found+"\n"+strings.Join(got.Details, "\n"), c.says) {
					t.Errorf("%+v", got)
				}
				if next := named(t, checks, "dicom-association"); next.Outcome != c.next {
					t.Errorf("%+v", next)
				}
				if c.outcome == Skip && Worst(checks) != Skip {
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
	if got := named(t, checks, "web-clients"); got.Outcome != Pass || !slices.ContainsFunc(got.Details, func(d string) bool { return strings.Contains(d, "a client without a certificate is refused: ") }) {
		t.Errorf("%+v", got)
	}
	if named(t, checks, "study-found").Outcome != Pass {
		t.Error(verdicts(checks))
	}
}

// TestNoAnswerIsNoRefusal has a door that goes silent after the tenant's own
// client was let in: whether others are is not known.
func TestNoAnswerIsNoRefusal(t *testing.T) {
	t.Parallel()
	s := newTenant(t, "bhs")
	s.options.Timeout = 1500 * time.Millisecond
	s.secure(&s.dicom, tls.RequireAndVerifyClientCert)
	var connections atomic.Int32 // to TCP, TLS, six as devices, the tenant's own client, one without a certificate
	s.dicom.instead = func(conn net.Conn) {
		if connections.Add(1) <= 9 {
			conn = tls.Server(conn, s.dicom.config)
		}
		silence(conn)
	}
	got := named(t, s.run(t), "dicom-clients")
	if got.Outcome != Fail || got.Code != codeNoAnswer {
		t.Errorf("%+v", got)
	}
}

// failing is a connection that breaks without an answer of the server's.
type failing struct{ net.Conn }

var errTunnel = errors.New("the tunnel is lost")

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	if err != nil {
		err = errTunnel // as a tunnel reports what is no answer of the server's
	}
	return n, err
}

// TestBrokenConnectionIsNoRefusal: what the server has not said is not taken for a
// refusal.
func TestBrokenConnectionIsNoRefusal(t *testing.T) {
	t.Parallel()
	s := newTenant(t, "bhs")
	s.secure(&s.dicom, tls.RequireAndVerifyClientCert)
	var connections atomic.Int32 // to TCP, TLS, six as devices, the tenant's own client, one without a certificate
	s.options.Dial = func(ctx context.Context, sub Subject, p Endpoint) (net.Conn, error) {
		conn, err := dialPlace(ctx, sub, p)
		if err != nil || p != sub.DICOM || connections.Add(1) != 10 {
			return conn, err
		}
		_ = conn.(*net.TCPConn).CloseRead()
		return &failing{Conn: conn}, nil
	}
	got := named(t, s.run(t), "dicom-clients")
	if got.Outcome != Fail || got.Code != codeNoConnection || !strings.Contains(got.Found, errTunnel.Error()) {
		t.Errorf("%+v", got)
	}
}
