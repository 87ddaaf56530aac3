// Package probe connects to a tenant's endpoint as a client does, and returns what the
// server presents. Other packages judge it.
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

// Endpoint is the address of a TLS server.
type Endpoint struct {
	// Address is host:port.
	Address string
	// ServerName is sent as SNI (RFC 6066 section 3); empty sends none.
	ServerName string
}

// Handshake is what a TLS server presented.
type Handshake struct {
	// Chain is what the server sent, its own certificate first. It has not been verified.
	Chain []*x509.Certificate
	// AsksClient reports whether the server requested a client certificate, and ClientCAs
	// are the CAs that it named: distinguished names in DER, none for any.
	AsksClient bool
	ClientCAs  [][]byte
	// Version and CipherSuite are crypto/tls's numbers.
	Version, CipherSuite uint16
	// Took is how long the handshake took.
	Took time.Duration
}

// Dial connects, performs a TLS handshake without a client certificate, and closes the
// connection. The errors are those of dialling and of DoHandshake; ctx limits all of it.
func Dial(ctx context.Context, endpoint Endpoint) (Handshake, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", endpoint.Address)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err // without the address, again
		}
		return Handshake{}, fmt.Errorf("connecting to %s: %w", endpoint.Address, err)
	}
	defer func() { _ = conn.Close() }()
	return DoHandshake(ctx, conn, endpoint.ServerName)
}

// DoHandshake performs a TLS handshake without a client certificate over a connection,
// which can't be used afterwards. It is an error only if the server presented no
// certificate: a server that refuses a client without a certificate has presented its own.
func DoHandshake(ctx context.Context, conn net.Conn, serverName string) (Handshake, error) {
	var seen Handshake
	began := time.Now()
	client := tls.Client(conn, &tls.Config{
		ServerName: serverName,
		// The caller judges the certificate.
		InsecureSkipVerify: true,
		MinVersion:         tls.VersionTLS10,
		GetClientCertificate: func(requested *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			seen.AsksClient, seen.ClientCAs = true, requested.AcceptableCAs
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

// plainly explains the error of crypto/tls for a server that doesn't speak TLS.
func plainly(err error) error {
	var header tls.RecordHeaderError
	if errors.As(err, &header) {
		return fmt.Errorf("the server does not speak TLS: %w", err)
	}
	return err
}
