package plugin

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
)

// testCA is a CA for tests.
type testCA struct {
	certificate *x509.Certificate
	key         crypto.Signer
	// pem and keyPEM are both in PEM.
	pem, keyPEM []byte
}

func newTestCA(t *testing.T, name string, now time.Time) testCA {
	t.Helper()
	key, err := certs.NewKey(certs.ECDSA, 256)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(5, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	a := testCA{key: key, pem: encoded(der)}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	if a.keyPEM, err = certs.EncodeKey(key); err != nil {
		t.Fatal(err)
	}
	return a
}
