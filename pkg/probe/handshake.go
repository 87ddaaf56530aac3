// Package probe looks at a tenant's door from outside, as a client would. It
// tells what it saw; what that means is for others.
package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"
)

// Endpoint is where to knock.
type Endpoint struct {
	// Address is host:port.
	Address string
	// ServerName is asked for (SNI, RFC 6066 section 3); empty asks for none.
	ServerName string
}

// Handshake is what a TLS server showed.
type Handshake struct {
	// Chain is what the server sent, its own certificate first. Nothing of it has
	// been checked.
	Chain []*x509.Certificate
	// AsksClient reports whether it wanted a certificate of the client's, and ClientCAs of
	// which authorities: distinguished names in DER, none for any.
	AsksClient bool
	ClientCAs  [][]byte
	// Version and CipherSuite are crypto/tls's numbers.
	Version, CipherSuite uint16
	// Took is how long the handshake took.
	Took time.Duration
}

// Dial connects, does a TLS handshake without a client certificate, and closes.
// The errors are those of dialling, and of Shake; ctx bounds all of it.
func Dial(ctx context.Context, door Endpoint) (Handshake, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", door.Address)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err // without the address, again
		}
		return Handshake{}, fmt.Errorf("connecting to %s: %w", door.Address, err)
	}
	defer func() { _ = conn.Close() }()
	return DoHandshake(ctx, conn, door.ServerName)
}

// DoHandshake does a TLS handshake without a client certificate over a connection, which
// is of no use afterwards. A server that refuses a client without one has been
// seen all the same: it is an error only when the server showed no certificate.
func DoHandshake(ctx context.Context, conn net.Conn, serverName string) (Handshake, error) {
	var seen Handshake
	began := time.Now()
	client := tls.Client(conn, &tls.Config{
		ServerName: serverName,
		// It is to be seen whatever it is; who asks judges it.
		InsecureSkipVerify: true,
		MinVersion:         tls.VersionTLS10,
		GetClientCertificate: func(asked *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			seen.AsksClient, seen.ClientCAs = true, asked.AcceptableCAs
			return &tls.Certificate{}, nil
		},
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			for _, der := range raw {
				certificate, err := x509.ParseCertificate(der)
				if err != nil {
					return fmt.Errorf("reading the server's certificate: %w", err)
				}
				seen.Chain = append(seen.Chain, certificate)
			}
			return nil
		},
	})
	err := client.HandshakeContext(ctx)
	seen.Took = time.Since(began)
	state := client.ConnectionState()
	seen.Version, seen.CipherSuite = state.Version, state.CipherSuite
	if err != nil && (len(seen.Chain) == 0 || ctx.Err() != nil) {
		return seen, fmt.Errorf("TLS with %s: %w", conn.RemoteAddr(), plainly(err))
	}
	return seen, nil
}

// plainly says in plain words what crypto/tls says of a server that doesn't
// speak TLS.
func plainly(err error) error {
	var header tls.RecordHeaderError
	if errors.As(err, &header) {
		return fmt.Errorf("the server does not speak TLS: %w", err)
	}
	return err
}
