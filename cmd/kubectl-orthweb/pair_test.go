package main

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
)

// testPair is a certificate and its key, in PEM.
func testPair(t *testing.T) (certificate, key []byte) {
	t.Helper()
	issued := peers.Issue(t, nil, "x", func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage = false, 0
		c.NotBefore, c.NotAfter = time.Unix(0, 0), time.Now().AddDate(9, 0, 0)
	})
	key, err := certs.EncodeKey(issued.Key)
	if err != nil {
		t.Fatal(err)
	}
	return issued.PEM(), key
}
