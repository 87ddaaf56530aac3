package peers

import (
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
)

// Issuer is a certificate with its key: of a CA, a server or a client.
type Issuer struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
	// Above are the certificates between it and the root, without the root.
	Above []*x509.Certificate
}

// Issue creates a certificate, with by as its issuer, or self-signed if by is nil. It is
// valid from an hour ago for 30 days, has an ECDSA P-256 key and, if it is not a CA
// certificate, the usages serverAuth and clientAuth, unless change modifies it.
func Issue(t testing.TB, by *Issuer, name string, change func(*x509.Certificate)) *Issuer {
	t.Helper()
	key, err := certs.NewKey(certs.ECDSA, 256)
	if err != nil {
		t.Fatal(err)
	}
	return IssueFor(t, key, by, name, change)
}

// IssueFor is Issue for a given key.
func IssueFor(t testing.TB, key crypto.Signer, by *Issuer, name string, change func(*x509.Certificate)) *Issuer {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 0, 30), BasicConstraintsValid: true,
	}
	if by == nil {
		template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
	} else {
		template.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		template.DNSNames, template.IPAddresses = []string{name}, []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	if change != nil {
		change(template)
	}
	made := &Issuer{Key: key}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.Certificate, by.Key
		if by.Certificate.CheckSignatureFrom(by.Certificate) != nil { // without the root
			made.Above = append([]*x509.Certificate{by.Certificate}, by.Above...)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	if made.Certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return made
}

// TLS is the certificate, those above it and the key, for a server or a client.
func (i *Issuer) TLS() *tls.Certificate {
	out := &tls.Certificate{PrivateKey: i.Key, Leaf: i.Certificate, Certificate: [][]byte{i.Certificate.Raw}}
	for _, c := range i.Above {
		out.Certificate = append(out.Certificate, c.Raw)
	}
	return out
}

// Pool has the certificate.
func (i *Issuer) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(i.Certificate)
	return pool
}

// PEM is the certificate and those above it, in PEM.
func (i *Issuer) PEM() []byte {
	var out []byte
	for _, c := range append([]*x509.Certificate{i.Certificate}, i.Above...) {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

// Write writes NAME.pem (the chain), NAME.key and NAME.both.pem (the chain and the key, as
// HAProxy's "crt" requires) to dir, and returns the paths of the first two.
func (i *Issuer) Write(t testing.TB, dir, name string) (chain, key string) {
	t.Helper()
	keyDER, err := x509.MarshalPKCS8PrivateKey(i.Key) // also for keys that certs.EncodeKey refuses
	if err != nil {
		t.Fatal(err)
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	chain, key = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
	for path, data := range map[string][]byte{
		chain: i.PEM(), key: keyPEM, filepath.Join(dir, name+".both.pem"): append(i.PEM(), keyPEM...),
	} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return chain, key
}
