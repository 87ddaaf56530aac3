package main

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
)

// testPair is a certificate and its key, in PEM.
func testPair(t *testing.T) (certificate, key []byte) {
	t.Helper()
	signer, err := certs.NewKey(certs.ECDSA, 256)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, NotBefore: time.Unix(0, 0), NotAfter: time.Now().AddDate(9, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if certificate, err = certs.EncodeCertificates([]*x509.Certificate{parsed}); err != nil {
		t.Fatal(err)
	}
	if key, err = certs.EncodeKey(signer); err != nil {
		t.Fatal(err)
	}
	return certificate, key
}
