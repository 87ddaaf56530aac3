package certs

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"reflect"
	"slices"
	"testing"
)

// TestParsedAfterWipe: callers wipe what they read from a file or a Secret. What was
// parsed of it stays as it was.
func TestParsedAfterWipe(t *testing.T) {
	ca := newCA(t, "a", nil, nil)
	requestPEM, err := NewRequest(subjectOf(t, "CN=x"), Names{DNS: []string{"x.example.org"}}, ecKey(t))
	if err != nil {
		t.Fatal(err)
	}
	request, err := ParseRequest(requestPEM)
	if err != nil {
		t.Fatal(err)
	}
	p12, err := EncodePKCS12(ca.key, []*x509.Certificate{ca.cert}, nil, "secret", false)
	if err != nil {
		t.Fatal(err)
	}
	certificates := func(data []byte) (any, error) { return ParseCertificates(data) }
	requests := func(data []byte) (any, error) { return ParseRequest(data) }
	keys := func(data []byte) (any, error) { return DecodeKey(data) }
	store := func(data []byte) (any, error) {
		key, chain, err := DecodePKCS12(data, "secret")
		return struct {
			key   crypto.Signer
			chain []*x509.Certificate
		}{key, chain}, err
	}
	keyPEM, separator := ca.keyPEM(t), []byte("\n# the key\n")
	authority := func(data []byte) (any, error) {
		certificate, key, _ := bytes.Cut(data, separator)
		a, err := ParseAuthority(certificate, key, certificate)
		if err != nil {
			return nil, err
		}
		return []any{a.Certificate, a.Chain, *a.key}, nil
	}
	for _, test := range []struct {
		about string
		data  []byte
		parse func([]byte) (any, error)
	}{
		{"certificate in DER", ca.cert.Raw, certificates},
		{"certificates in PEM", encoded(t, ca.cert, ca.cert), certificates},
		{"request in DER", request.Raw, requests},
		{"request in PEM", requestPEM, requests},
		{"key", keyPEM, keys},
		{"PKCS#12", p12, store},
		{"authority, its certificate in DER", slices.Concat(ca.cert.Raw, separator, keyPEM), authority},
	} {
		t.Run(test.about, func(t *testing.T) {
			data := bytes.Clone(test.data)
			got, err := test.parse(data)
			if err != nil {
				t.Fatal(err)
			}
			for i := range data {
				data[i] = 0xff
			}
			want, err := test.parse(bytes.Clone(test.data))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Error("what was parsed changed with the data that it was read from")
			}
		})
	}
}
