package trust

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

// now is the current time in all tests.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const hours = time.Hour

// pair is a certificate and its key.
type pair struct {
	*x509.Certificate
	key crypto.Signer
}

// change modifies the certificate before it is signed.
type change func(*x509.Certificate)

func newKey(tb testing.TB) crypto.Signer {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// newCA is a self-signed CA, with the name that every Korthweb tenant's CA has.
func newCA(tb testing.TB, changes ...change) pair {
	tb.Helper()
	key := newKey(tb)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "int-ca"},
		NotBefore: now.Add(-30 * 24 * hours), NotAfter: now.Add(60 * 24 * hours),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	return sign(tb, template, pair{template, key}, key, changes)
}

// issue creates a client certificate that the CA signs, with its own key.
func (p pair) issue(tb testing.TB, changes ...change) pair {
	tb.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(42), Subject: pkix.Name{Organization: []string{"Digihunch"}, CommonName: "ct1"},
		NotBefore: now.Add(-24 * hours), NotAfter: now.Add(90 * 24 * hours),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	return sign(tb, template, p, newKey(tb), changes)
}

func sign(tb testing.TB, template *x509.Certificate, by pair, key crypto.Signer, changes []change) pair {
	tb.Helper()
	for _, change := range changes {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.Certificate, key.Public(), by.key)
	if err != nil {
		tb.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return pair{certificate, key}
}

// server creates a server certificate from the template.
func server(names ...string) change {
	return func(c *x509.Certificate) {
		c.Subject.CommonName, c.DNSNames = "orthweb.com", names
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
}

func between(from, to time.Duration) change {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(from), now.Add(to) }
}

func common(name string) change { return func(c *x509.Certificate) { c.Subject.CommonName = name } }

func chainOf(pairs ...pair) []*x509.Certificate {
	var chain []*x509.Certificate
	for _, p := range pairs {
		chain = append(chain, p.Certificate)
	}
	return chain
}

// inBase64 is PEM in the form in which Kubernetes stores bytes.
func inBase64(pairs ...pair) string {
	var text []byte
	for _, p := range pairs {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Raw})...)
	}
	return base64.StdEncoding.EncodeToString(text)
}
