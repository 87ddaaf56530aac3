package certs

import (
	"crypto/ed25519"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
)

func TestParseCA(t *testing.T) {
	root := newCA(t, "root", nil, nil)
	middle := newCA(t, "middle", root, nil)
	low := newCA(t, "low", middle, nil)
	stranger := newCA(t, "stranger", nil, nil)
	leafy := newCA(t, "leafy", nil, func(c *x509.Certificate) { c.IsCA = false })
	mute := newCA(t, "mute", nil, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature })
	for _, test := range []struct {
		about    string
		cert, ca []byte
		key      []byte
		chain    []*x509.Certificate
		message  string
	}{
		{about: "a root", cert: encoded(t, root.cert), key: root.keyPEM(t)},
		{about: "a root that is named twice, as cert-manager does", cert: encoded(t, root.cert), ca: encoded(t, root.cert), key: root.keyPEM(t)},
		{about: "its chain in both", cert: encoded(t, low.cert, middle.cert), ca: encoded(t, root.cert), key: low.keyPEM(t), chain: []*x509.Certificate{middle.cert, root.cert}},
		{about: "a bundle in disorder, with a stranger", cert: encoded(t, low.cert), ca: encoded(t, stranger.cert, root.cert, middle.cert), key: low.keyPEM(t), chain: []*x509.Certificate{middle.cert, root.cert}},
		{about: "a root that is not known", cert: encoded(t, low.cert, middle.cert), key: low.keyPEM(t), chain: []*x509.Certificate{middle.cert}},
		{about: "no CA", cert: encoded(t, leafy.cert), key: leafy.keyPEM(t), message: "CN=leafy is not a CA"},
		{about: "a CA that may not sign", cert: encoded(t, mute.cert), key: mute.keyPEM(t), message: "CN=mute may not sign certificates"},
		{about: "another's key", cert: encoded(t, root.cert), key: low.keyPEM(t), message: "the private key does not belong to the CA CN=root"},
		{about: "no certificate", cert: root.keyPEM(t), key: root.keyPEM(t), message: "the CA's certificate: read the certificates: this is a private key"},
		{about: "no key", cert: encoded(t, root.cert), key: encoded(t, root.cert), message: "the CA's key: read the private key: this is a certificate"},
		{about: "a damaged ca.crt", cert: encoded(t, root.cert), ca: []byte("x"), key: root.keyPEM(t), message: "the certificates above the CA's"},
	} {
		t.Run(test.about, func(t *testing.T) {
			authority, err := ParseCA(test.cert, test.key, test.ca)
			mustFail(t, err, test.message)
			if err == nil && !sameCerts(authority.Chain, test.chain) {
				t.Errorf("the chain has %d certificates, want %d in order", len(authority.Chain), len(test.chain))
			}
		})
	}
}

// holding is a CA with its own key.
func holding(t *testing.T, algorithm Algorithm) *CA {
	t.Helper()
	size := map[Algorithm]int{RSA: 2048}[algorithm]
	key, err := NewKey(algorithm, size)
	if err != nil {
		t.Fatal(err)
	}
	return &CA{Certificate: newCA(t, "root", nil, nil).cert, key: &key}
}

func TestCADoesNotPrintItsKey(t *testing.T) {
	authority := holding(t, Ed25519)
	key := (*authority.key).(ed25519.PrivateKey)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		for _, text := range []string{fmt.Sprintf(verb, authority), fmt.Sprintf(verb, *authority)} {
			// Any five bytes of the key, in any format of fmt, would reveal it.
			for _, form := range []string{"%d", "%x", "%#v", "%s"} {
				secret := strings.Trim(fmt.Sprintf(form, []byte(key[:5])), "[]byte{}")
				if strings.Contains(text, secret) {
					t.Errorf("%s prints the key, as by %s", verb, form)
				}
			}
		}
	}
}
