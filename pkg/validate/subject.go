package validate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/orthanc"
)

// Endpoint is where the outside world meets a tenant.
type Endpoint struct {
	// Host is the name to ask for, Port the Gateway's.
	Host string
	Port int64
	// Mutual: the Gateway says that it requires client certificates (MUTUAL).
	// Known tells whether what it says could be read.
	Mutual, Known bool
}

// Subject is a tenant to validate, and what a client of it has.
type Subject struct {
	Tenant     string
	Web, DICOM Endpoint
	// Addresses are the ingress's.
	Addresses []netip.Addr
	// CAs are the CA certificates that the tenant's servers are to be
	// signed by; nil when they could not be read, and CAUnread says why.
	CAs      []*x509.Certificate
	CAUnread string
	// Client gets the client's certificate, when the servers ask for one; nil when
	// there is none.
	Client func(context.Context) (*tls.Certificate, error)
	// ClientFaults are what is known to be wrong with the client's certificate, and
	// is the server's to judge.
	ClientFaults []string
	// OtherClients are other tenants' clients.
	OtherClients []OtherClient
	// Login is for Orthanc's web. Where it is none, FetchLogin gets it when it is
	// needed, unless nil.
	Login      Credentials
	FetchLogin func(context.Context) (Credentials, error)
	// Limits reads the limits of the archive from Orthanc's configuration in the
	// cluster, for an Orthanc that does not report them itself; nil where nobody can.
	Limits func(context.Context) (orthanc.Limits, error)
	// Others are the tenants in which a study of this one must not turn up. Each is
	// asked with its own Login, or with none.
	Others []Subject
}

// OtherClient is a client of another tenant.
type OtherClient struct {
	Tenant      string
	Certificate func(context.Context) (*tls.Certificate, error)
}

// Options are the caller's choices.
type Options struct {
	// Dial connects to a place of a tenant; nil connects to the first address that
	// answers.
	Dial func(ctx context.Context, s Subject, p Endpoint) (net.Conn, error)
	// Via names how Dial connects, for what is printed: "address", "dns",
	// "port-forward".
	Via string
	// Calling and Called are the AE titles.
	Calling, Called string
	// Timeout bounds each check.
	Timeout time.Duration
	// Insecure goes on where a server's certificate is no good.
	Insecure bool
	// Keep leaves the test study in Orthanc.
	Keep bool
	// Store stores also where it is not known that nothing is removed for it, or
	// where what is stored could not be found and removed again.
	Store bool
	// Files are stored after the test study has arrived where it should, unless nil.
	Files *Files
	Now   func() time.Time
}

// dial connects as the options say.
func (o Options) dial(ctx context.Context, s Subject, p Endpoint) (net.Conn, error) {
	if o.Dial != nil {
		return o.Dial(ctx, s, p)
	}
	first := errors.New("no address of the ingress is known")
	for i, addr := range s.Addresses {
		dialer := net.Dialer{}
		if end, ok := ctx.Deadline(); ok { // an address that is silent leaves time for the others
			dialer.Timeout = max(time.Until(end)/time.Duration(len(s.Addresses)-i), time.Millisecond)
		}
		conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(addr.String(), strconv.FormatInt(p.Port, 10)))
		if err == nil {
			return conn, nil
		}
		if i == 0 {
			first = err
		}
	}
	return nil, first
}

// secure does the client's part of TLS over a new connection. The server's
// certificate is checked by a check of its own; later ones only want to go on, as
// far as the options say.
func (o Options) secure(ctx context.Context, s Subject, p Endpoint) (*tls.Conn, error) {
	return o.handshake(ctx, s, p, o.tlsConfig(s, p))
}

// secureVerified is secure for what only the tenant's own server may get: whatever
// the options say, the server's certificate is verified.
func (o Options) secureVerified(ctx context.Context, s Subject, p Endpoint) (*tls.Conn, error) {
	if len(s.CAs) == 0 {
		return nil, &unverifiedError{unknownCA(s)}
	}
	config := o.tlsConfig(s, p)
	config.InsecureSkipVerify = false
	return o.handshake(ctx, s, p, config)
}

func (o Options) handshake(ctx context.Context, s Subject, p Endpoint, config *tls.Config) (*tls.Conn, error) {
	conn, err := o.dial(ctx, s, p)
	if err != nil {
		return nil, err
	}
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		if s.Client == nil {
			return &tls.Certificate{}, nil
		}
		return s.Client(ctx)
	}
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		var unverified *tls.CertificateVerificationError
		if errors.As(err, &unverified) {
			return nil, &unverifiedError{unverified.Err}
		}
		return nil, err
	}
	return secured, nil
}

func (o Options) tlsConfig(s Subject, p Endpoint) *tls.Config {
	config := &tls.Config{
		ServerName: p.Host, MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool(), Time: o.Now,
		DynamicRecordSizingDisabled: true, // see pkg/dicom
	}
	for _, ca := range s.CAs {
		config.RootCAs.AddCert(ca)
	}
	// Without the authority nothing could be checked, which the check of the
	// certificate has said.
	config.InsecureSkipVerify = o.Insecure || len(s.CAs) == 0
	return config
}
