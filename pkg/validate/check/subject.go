package check

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

// Endpoint is an address at which clients reach a tenant.
type Endpoint struct {
	// Host is the server name of the request, and Port the Gateway's port.
	Host string
	Port int64
	// Mutual: the Gateway requires client certificates (MUTUAL). Known: the Gateway could
	// be read.
	Mutual, Known bool
}

// Subject is a tenant to validate, with what a client of the tenant has.
type Subject struct {
	Tenant     string
	Web, DICOM Endpoint
	// Addresses are the ingress's.
	Addresses []netip.Addr
	// CAs are the CA certificates that must have signed the tenant's servers; nil if they
	// could not be read. CAUnread is the reason.
	CAs      []*x509.Certificate
	CAUnread string
	// Client returns the client's certificate if a server requests one; nil if the client
	// has none.
	Client func(context.Context) (*tls.Certificate, error)
	// ClientFaults are known problems of the client's certificate that a server may
	// tolerate.
	ClientFaults []string
	// OtherClients are other tenants' clients.
	OtherClients []OtherClient
	// Login is for Orthanc's web. If it is empty, FetchLogin returns the credentials when
	// they are needed, unless it is nil.
	Login      Credentials
	FetchLogin func(context.Context) (Credentials, error)
	// Limits reads the limits of the archive from Orthanc's configuration in the cluster,
	// for an Orthanc that does not report them itself; nil if that is not possible.
	Limits func(context.Context) (orthanc.Limits, error)
	// Others are the tenants whose archives must not have a study of this one. Each is
	// queried with its own Login, or with none.
	Others []Subject
}

// OtherClient is a client of another tenant.
type OtherClient struct {
	Tenant      string
	Certificate func(context.Context) (*tls.Certificate, error)
}

// Options are the settings of a validation.
type Options struct {
	// Dial connects to an endpoint of a tenant; nil connects to the first address that
	// responds.
	Dial func(ctx context.Context, s Subject, p Endpoint) (net.Conn, error)
	// Via names how Dial connects, for what is printed: "address", "dns",
	// "port-forward".
	Via string
	// Calling and Called are the AE titles.
	Calling, Called string
	// Timeout bounds each check.
	Timeout time.Duration
	// CleanUp bounds the removal of the test study after an interrupt; 0 is the time in which
	// the program ends within a second.
	CleanUp time.Duration
	// Insecure continues in spite of an invalid server certificate.
	Insecure bool
	// Keep keeps the test study in Orthanc.
	Keep bool
	// Store stores even if that may cause other data to be removed, or if the stored images
	// could not be found and removed again.
	Store bool
	// ReadOnly stores nothing.
	ReadOnly bool
	// EchoOnly ends with C-ECHO: the contents of the archive are neither read nor changed.
	EchoOnly bool
	// Files are stored after the test study has arrived in the right archive, unless nil.
	Files *Files
	Now   func() time.Time
}

// Connect connects according to the options.
func (o Options) Connect(ctx context.Context, s Subject, p Endpoint) (net.Conn, error) {
	if o.Dial != nil {
		return o.Dial(ctx, s, p)
	}
	first := errors.New("no address of the ingress is known")
	for i, addr := range s.Addresses {
		dialer := net.Dialer{}
		if end, ok := ctx.Deadline(); ok { // an address that does not respond leaves time for the others
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

// Secure performs a TLS handshake over a new connection. A separate check judges the
// server's certificate; later ones only continue as far as the options allow.
func (o Options) Secure(ctx context.Context, s Subject, p Endpoint) (*tls.Conn, error) {
	return o.handshake(ctx, s, p, o.TLSConfig(s, p))
}

// SecureVerified is Secure for data that only the tenant's own server may receive: it
// verifies the server's certificate regardless of the options.
func (o Options) SecureVerified(ctx context.Context, s Subject, p Endpoint) (*tls.Conn, error) {
	if len(s.CAs) == 0 {
		return nil, &UnverifiedError{UnknownCA(s)}
	}
	config := o.TLSConfig(s, p)
	config.InsecureSkipVerify = false
	return o.handshake(ctx, s, p, config)
}

func (o Options) handshake(ctx context.Context, s Subject, p Endpoint, config *tls.Config) (*tls.Conn, error) {
	conn, err := o.Connect(ctx, s, p)
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
			return nil, &UnverifiedError{unverified.Err}
		}
		return nil, err
	}
	return secured, nil
}

// TLSConfig is the configuration of a TLS client of the endpoint: it verifies the server,
// unless o.Insecure is set.
func (o Options) TLSConfig(s Subject, p Endpoint) *tls.Config {
	config := &tls.Config{
		ServerName: p.Host, MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool(), Time: o.Now,
		DynamicRecordSizingDisabled: true, // see pkg/dicom
	}
	for _, ca := range s.CAs {
		config.RootCAs.AddCert(ca)
	}
	// Without the CA nothing can be verified, which the check of the certificate reports.
	config.InsecureSkipVerify = o.Insecure || len(s.CAs) == 0
	return config
}
