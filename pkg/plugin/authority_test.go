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

// testAuthority is a CA for tests.
type testAuthority struct {
	key         crypto.Signer
	certificate *x509.Certificate
	keyPEM, pem []byte
}

func newTestAuthority(t *testing.T) testAuthority {
	t.Helper()
	key, err := certs.NewKey(certs.ECDSA, 256)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, NotBefore: time.Now().AddDate(-5, 0, 0),
		NotAfter: time.Now().AddDate(5, 0, 0), BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	a := testAuthority{key: key}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	if a.pem, err = certs.EncodeCertificates([]*x509.Certificate{a.certificate}); err != nil {
		t.Fatal(err)
	}
	if a.keyPEM, err = certs.EncodeKey(key); err != nil {
		t.Fatal(err)
	}
	return a
}
