package certs

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// KeyPair is a certificate for crypto/tls: a chain that starts with it, and its private key.
func KeyPair(chain []*x509.Certificate, key crypto.PrivateKey) (*tls.Certificate, error) {
	if len(chain) == 0 || key == nil {
		return nil, errors.New("a client certificate requires its key")
	}
	pair := &tls.Certificate{PrivateKey: key, Leaf: chain[0]}
	for _, c := range chain {
		pair.Certificate = append(pair.Certificate, c.Raw)
	}
	return pair, nil
}
