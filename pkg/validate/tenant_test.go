package validate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

const (
	secret     = "s3cret-of-bhs" // the password of Orthanc's web
	serverHost = "web.bhs.orthweb.com"
)

// shortTimeout is for servers that do not respond: long enough for the checks before them, in
// tests that run in parallel with the race detector.
const shortTimeout = 4 * time.Second

// tlsServer is a TLS server like a tenant's Gateway.
type tlsServer struct {
	config *tls.Config
	// mutual means that the Gateway has mode MUTUAL.
	mutual bool
	// instead serves connections before TLS; nil does TLS.
	instead func(net.Conn)
	// accepted is called for each connection.
	accepted func()
}

// setup is a tenant that can be changed before it is started.
type setup struct {
	t          *testing.T
	name       string
	authority  *peers.Issuer
	web, dicom tlsServer
	archive    *archive
	peer       *peer
	subject    check.Subject
	options    check.Options
}

// newTenant returns a tenant without faults.
func newTenant(t *testing.T, name string) *setup {
	s := &setup{t: t, name: name, authority: peers.Issue(t, nil, name+"-ca", nil)}
	s.archive = &archive{passwords: map[string]string{"admin": secret}}
	s.peer = &peer{archive: s.archive}
	for _, d := range []*tlsServer{&s.web, &s.dicom} {
		d.config = &tls.Config{Certificates: []tls.Certificate{*peers.Issue(s.t, s.authority, serverHost, nil).TLS()}}
	}
	s.subject = check.Subject{
		Tenant: name, Login: check.NewCredentials(name, "admin", secret), Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")},
		CAs: []*x509.Certificate{s.authority.Certificate},
	}
	s.options = check.Options{Calling: "ORTHWEB", Called: "ORTHANC", Via: "address", Timeout: 30 * time.Second, CleanUp: 30 * time.Second}
	return s
}

// client issues a client certificate, and returns it in the form of a Subject.
func client(t *testing.T, by *peers.Issuer, name string) func(context.Context) (*tls.Certificate, error) {
	t.Helper()
	issued := peers.Issue(t, by, name, nil).TLS()
	return func(context.Context) (*tls.Certificate, error) { return issued, nil }
}

// secure makes the server request certificates of the tenant's clients.
func (s *setup) secure(d *tlsServer, mode tls.ClientAuthType) {
	d.mutual, d.config.ClientAuth, d.config.ClientCAs = true, mode, s.authority.Pool()
	s.subject.Client = client(s.t, s.authority, "dcmclient")
}

// start runs both servers until the test ends, and returns the tenant in the form that the
// validation uses.
func (s *setup) start(t *testing.T) check.Subject {
	t.Helper()
	handler := &http.Server{Handler: s.archive, ErrorLog: log.New(io.Discard, "", 0)}
	s.subject.Web = s.web.listen(t, func(l net.Listener) { _ = handler.Serve(l) })
	t.Cleanup(func() { _ = handler.Close() })
	s.subject.DICOM = s.dicom.listen(t, func(l net.Listener) {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				s.peer.serve(conn)
			}()
		}
	})
	return s.subject
}

// run validates the tenant.
func (s *setup) run(t *testing.T) []check.Check {
	t.Helper()
	return Run(t.Context(), s.start(t), s.options, nil)
}

func (d *tlsServer) listen(t *testing.T, serve func(net.Listener)) check.Endpoint {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = inner.Close() })
	go serve(&tlsListener{Listener: inner, server: d})
	port := inner.Addr().(*net.TCPAddr).Port
	return check.Endpoint{Host: "127.0.0.1", Port: int64(port), Known: true, Mutual: d.mutual}
}

// tlsListener is a listener that secures connections as its server requires.
type tlsListener struct {
	net.Listener
	server *tlsServer
}

func (k *tlsListener) Accept() (net.Conn, error) {
	for {
		conn, err := k.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if k.server.accepted != nil {
			k.server.accepted()
		}
		if k.server.instead == nil {
			return tls.Server(conn, k.server.config), nil
		}
		go func() {
			defer func() { _ = conn.Close() }()
			k.server.instead(conn)
		}()
	}
}

// silence accepts a connection and sends nothing, until the other side closes.
func silence(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// named returns the check with that name.
func named(t *testing.T, checks []check.Check, name string) check.Check {
	t.Helper()
	for _, c := range checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no check %s in\n%s", name, verdicts(checks))
	return check.Check{}
}

// noCertificate is a client that could not be created.
func noCertificate(err error) func(context.Context) (*tls.Certificate, error) {
	return func(context.Context) (*tls.Certificate, error) { return nil, err }
}

func addresses(texts ...string) (out []netip.Addr) {
	for _, text := range texts {
		out = append(out, netip.MustParseAddr(text))
	}
	return out
}
