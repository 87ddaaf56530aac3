package probe

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

// selfSigned is a self-signed certificate for the name.
func selfSigned(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// listen serves each connection with the function, until the test ends.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				serve(conn)
			}()
		}
	}()
	return l.Addr().String()
}

func TestDial(t *testing.T) {
	web, other := selfSigned(t, "web.bhs.orthweb.com"), selfSigned(t, "other")
	pool := x509.NewCertPool()
	pool.AddCert(other.Leaf)
	byName := func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName == "web.bhs.orthweb.com" {
			return &web, nil
		}
		return &other, nil
	}
	secure := func(change func(*tls.Config)) func(net.Conn) {
		config := &tls.Config{GetCertificate: byName}
		change(config)
		return func(conn net.Conn) {
			server := tls.Server(conn, config)
			_ = server.Handshake()
			_, _ = io.Copy(io.Discard, server)
		}
	}
	for _, c := range []struct {
		about, name string
		serve       func(net.Conn)
		subject     string
		requirement bool
		fails       string
	}{
		{about: "the name asked for", name: "web.bhs.orthweb.com", serve: secure(func(*tls.Config) {}), subject: "web.bhs.orthweb.com"},
		{about: "no name", serve: secure(func(*tls.Config) {}), subject: "other"},
		{about: "asks for a certificate and takes none", serve: secure(func(c *tls.Config) { c.ClientAuth = tls.RequestClientCert }), subject: "other", requirement: true},
		{about: "requires one, TLS 1.3", serve: secure(func(c *tls.Config) { c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, pool }), subject: "other", requirement: true},
		{about: "requires one, TLS 1.2", serve: secure(func(c *tls.Config) {
			c.ClientAuth, c.ClientCAs, c.MaxVersion = tls.RequireAndVerifyClientCert, pool, tls.VersionTLS12
		}), subject: "other", requirement: true},
		{about: "an old version", serve: secure(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }), subject: "other"},
		{about: "no certificate", serve: secure(func(c *tls.Config) {
			c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, io.EOF }
		}), fails: "TLS with "},
		{about: "no TLS", serve: func(conn net.Conn) { _, _ = io.WriteString(conn, "HTTP/1.0 400 Bad Request\r\n\r\n") }, fails: "does not speak TLS"},
		{about: "nothing", serve: func(net.Conn) {}, fails: "TLS with "},
		{about: "silence", serve: func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }, fails: "deadline"},
	} {
		t.Run(c.about, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			seen, err := Dial(ctx, Endpoint{Address: listen(t, c.serve), ServerName: c.name})
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("got %v, want %q", err, c.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(seen.Chain) != 1 || seen.Chain[0].Subject.CommonName != c.subject || seen.AsksClient != c.requirement || seen.Took <= 0 || seen.Version < tls.VersionTLS10 {
				t.Errorf("%+v", seen)
			}
		})
	}
}

func TestDialRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	_, err = Dial(t.Context(), Endpoint{Address: l.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), "connecting to "+l.Addr().String()) {
		t.Errorf("%v", err)
	}
}
