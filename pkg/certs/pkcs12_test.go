package certs

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"
)

// client is a key with its certificate and the CA that signed it.
func client(t *testing.T) (*testCA, []*x509.Certificate, *x509.Certificate) {
	t.Helper()
	root := newCA(t, "root", nil, nil)
	middle := newCA(t, "middle", root, nil)
	holder := &testCA{key: ecKey(t)}
	chain, err := middle.authority(t, root).Sign(requestOf(t, "CN=x", Names{}, holder.key), now, day)
	if err != nil {
		t.Fatal(err)
	}
	holder.cert = chain[0]
	return holder, chain, root.cert
}

func TestPKCS12(t *testing.T) {
	holder, chain, root := client(t)
	want := append(append([]*x509.Certificate{}, chain...), root)
	for _, legacy := range []bool{false, true} {
		data, err := EncodePKCS12(holder.key, chain, []*x509.Certificate{chain[1], root, root}, "pässword", legacy)
		if err != nil {
			t.Fatal(err)
		}
		key, certs, err := DecodePKCS12(data, "pässword")
		if err != nil || !sameKey(key, holder.key) || !sameCerts(certs, want) {
			t.Errorf("legacy %t: it came back with %d certificates, want %d: %v", legacy, len(certs), len(want), err)
		}
		if _, _, err := DecodePKCS12(data, "password"); !errors.Is(err, ErrPassword) || strings.Contains(err.Error(), "password\"") {
			t.Errorf("legacy %t: another password: %v, want ErrPassword", legacy, err)
		}
		_, _, err = DecodePKCS12(data[:len(data)-1], "pässword")
		if mustFail(t, err, "read the PKCS#12 file: this is"); errors.Is(err, ErrPassword) {
			t.Errorf("legacy %t: a broken file is blamed on the password", legacy)
		}
	}
}

func TestDecodePKCS12(t *testing.T) {
	holder, chain, root := client(t)
	reversed, err := pkcs12.Modern2023.Encode(holder.key, root, chain, "secret")
	if err != nil {
		t.Fatal(err)
	}
	key, certs, err := DecodePKCS12(reversed, "secret")
	if err != nil || !sameKey(key, holder.key) || !sameCerts(certs, []*x509.Certificate{chain[0], root, chain[1]}) {
		t.Errorf("a file with its CA first: %d certificates, %v; want the key's own first", len(certs), err)
	}
	foreign, err := pkcs12.Modern2023.Encode(holder.key, root, nil, "secret")
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = DecodePKCS12(foreign, "secret")
	mustFail(t, err, "none of its certificates belongs to its key")
	_, _, err = DecodePKCS12(encoded(t, root), "secret")
	mustFail(t, err, "this is a certificate, damaged or in an unsupported format")
	_, _, err = DecodePKCS12(make([]byte, pkcs12Limit+1), "secret")
	mustFail(t, err, "bytes are too many")
}

func TestEncodePKCS12Refuses(t *testing.T) {
	holder, chain, root := client(t)
	for _, test := range []struct {
		about    string
		chain    []*x509.Certificate
		password string
		message  string
	}{
		{"no password", chain, "", "the password is empty"},
		{"a password beyond Unicode's first plane", chain, "😀secret", "the password has a character"},
		{"a password that is no text", chain, "\xffsecret", "the password has a character"},
		{"no certificate", nil, "secret", "a certificate is missing"},
		{"a hole in the chain", []*x509.Certificate{chain[0], nil}, "secret", "a certificate is missing"},
		{"another's certificate", []*x509.Certificate{root}, "secret", "the key does not belong to the certificate of CN=root"},
	} {
		t.Run(test.about, func(t *testing.T) {
			_, err := EncodePKCS12(holder.key, test.chain, nil, test.password, false)
			mustFail(t, err, test.message)
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Error("the error tells the password")
			}
		})
	}
}

func BenchmarkEncodePKCS12(b *testing.B) {
	root := newCA(b, "root", nil, nil)
	for b.Loop() {
		if _, err := EncodePKCS12(root.key, []*x509.Certificate{root.cert}, nil, "secret", false); err != nil {
			b.Fatal(err)
		}
	}
}
