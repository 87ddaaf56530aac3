package validate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// These are the checks that depend on a server, without those of the server itself.
const (
	webOnly = "web-page web-default-password web-system" // where DICOM fails as well
	webRest = webOnly + " study-found"
)

// closedPort is a port without a listener.
func closedPort(p *check.Endpoint) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	p.Port = int64(l.Addr().(*net.TCPAddr).Port)
	_ = l.Close()
}

// dialFails fails to connect to the tenant's web.
func dialFails(s *setup, dial func(context.Context) error) {
	s.options.Dial = func(ctx context.Context, sub check.Subject, p check.Endpoint) (net.Conn, error) {
		if p == sub.Web {
			return nil, dial(ctx)
		}
		return (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(p.Host, strconv.FormatInt(p.Port, 10)))
	}
}

func always(err error) func(context.Context) error { return func(context.Context) error { return err } }

func TestFirstFailedConnection(t *testing.T) {
	t.Parallel()
	const onTCP, onName = "web-tls web-certificate web-clients " + webRest, "web-tcp web-tls web-certificate web-clients " + webRest
	certificate := func(change func(*x509.Certificate)) func(*setup) {
		return func(s *setup) {
			s.web.config.Certificates = []tls.Certificate{*peers.Issue(s.t, s.authority, serverHost, change).TLS()}
		}
	}
	for _, c := range []brokenHop{
		{about: "no address of the name, going by names", change: func(s *setup) { s.options.Via = "dns" }, late: func(s *check.Subject) { s.Web.Host = "web..bhs" },
			fails: "web-name", code: check.CodeNameUnknown, message: "cannot resolve web..bhs", skipped: onName},
		{about: "another address, going by names", change: func(s *setup) { s.options.Via = "dns" },
			late: func(s *check.Subject) {
				s.Web.Host, s.Addresses = "127.0.0.2", []netip.Addr{netip.MustParseAddr("127.0.0.1")}
			},
			fails: "web-name", code: check.CodeNameDiffers, message: "127.0.0.2 resolves to 127.0.0.2", skipped: onName},
		{about: "nobody listens", late: func(s *check.Subject) { closedPort(&s.Web) }, fails: "web-tcp", code: check.CodeRefused, message: "nothing listens on 127.0.0.1:", skipped: onTCP},
		{about: "no address is known", late: func(s *check.Subject) { s.Addresses = nil }, fails: "web-tcp", code: check.CodeNoConnection, message: "no address", skipped: "web-tls web-certificate web-clients " + webOnly},
		{about: "packets are dropped", change: func(s *setup) {
			s.options.Timeout = shortTimeout
			dialFails(s, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		}, fails: "web-tcp", code: check.CodeNoAnswer, message: "no response from 127.0.0.1:", skipped: onTCP},
		{about: "no route", change: func(s *setup) {
			dialFails(s, always(&net.OpError{Op: "dial", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}, Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}))
		}, fails: "web-tcp", code: check.CodeNoRoute, message: "no route from this machine to 192.0.2.1:443", skipped: onTCP},
		{about: "something else", change: func(s *setup) { dialFails(s, always(errors.New("the tunnel is down"))) }, fails: "web-tcp", code: check.CodeNoConnection, message: "the tunnel is down", skipped: onTCP},
		{about: "no TLS", change: func(s *setup) {
			s.web.instead = func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.0 400 Bad Request\r\n\r\n") }
		}, fails: "web-tls", code: check.CodeNoTLS, message: "does not speak TLS", skipped: "web-certificate web-clients " + webRest},
		{about: "silence", change: func(s *setup) { s.options.Timeout, s.web.instead = shortTimeout, silence },
			fails: "web-tls", code: check.CodeNoTLS, message: "timed out waiting for a response", skipped: "web-certificate web-clients " + webRest},
		{about: "TLS 1.1", change: func(s *setup) { s.web.config.MinVersion, s.web.config.MaxVersion = tls.VersionTLS11, tls.VersionTLS11 },
			fails: "web-tls", code: check.CodeOldTLS, message: "TLS 1.1", skipped: "web-certificate web-clients " + webRest},
		{about: "expired", change: certificate(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-30 * time.Minute) }),
			fails: "web-certificate", code: check.CodeServerExpired, message: "expired 30m ago", skipped: webRest},
		{about: "another name", change: certificate(func(c *x509.Certificate) { c.IPAddresses = nil }),
			fails: "web-certificate", code: check.CodeServerName, message: "is not for 127.0.0.1", skipped: webRest},
		{about: "another authority", change: func(s *setup) {
			s.subject.CAs = []*x509.Certificate{peers.Issue(s.t, nil, "mhr-ca", nil).Certificate}
		},
			fails: "web-certificate", code: check.CodeServerIssuerMissing, message: "which is neither in the chain nor the trusted CA CN=mhr-ca", skipped: webOnly},
		{about: "an authority made anew", change: func(s *setup) {
			s.subject.CAs = []*x509.Certificate{peers.Issue(s.t, nil, "bhs-ca", nil).Certificate}
		},
			fails: "web-certificate", code: check.CodeServerOtherKey, message: "CN=bhs-ca, but with another key", skipped: webOnly},
	} {
		t.Run(c.about, c.check)
	}
}
