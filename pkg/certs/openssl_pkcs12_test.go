package certs

import (
	"crypto/x509"
	"testing"
)

func TestOpenSSLReadsPKCS12(t *testing.T) {
	holder, chain, root := client(t)
	for _, legacy := range []bool{false, true} {
		data, err := EncodePKCS12(holder.key, chain, []*x509.Certificate{root}, "correct horse", legacy)
		if err != nil {
			t.Fatal(err)
		}
		args := []string{"pkcs12", "-in", saved(t, data), "-passin", "env:P12_PASSWORD", "-noenc", "-info"}
		want := []string{"MAC: sha256, Iteration 100000", "AES-256-CBC", "PRF hmacWithSHA256"}
		if legacy {
			args = append(args, "-legacy")
			want = []string{"MAC: sha1", "pbeWithSHA1And3-KeyTripleDES-CBC"}
		}
		text := openssl(t, nil, args...)
		mustSay(t, text, want...)
		key, err := DecodeKey([]byte(text))
		if err != nil || !sameKey(key, holder.key) {
			t.Errorf("legacy %t: OpenSSL read another key: %v", legacy, err)
		}
		certs, err := ParseCertificates([]byte(text))
		if err != nil || !sameCerts(certs, append(append([]*x509.Certificate{}, chain...), root)) {
			t.Errorf("legacy %t: OpenSSL read %d certificates, want %d: %v", legacy, len(certs), len(chain)+1, err)
		}
	}
}

func TestDecodePKCS12OfOpenSSL(t *testing.T) {
	holder, chain, root := client(t)
	file := saved(t, append(holder.keyPEM(t), encoded(t, chain[0], chain[1], root)...))
	for _, extra := range [][]string{nil, {"-legacy"}} {
		args := append([]string{"pkcs12", "-export", "-in", file, "-passout", "env:P12_PASSWORD", "-name", "x"}, extra...)
		key, certs, err := DecodePKCS12([]byte(openssl(t, nil, args...)), "correct horse")
		if err != nil || !sameKey(key, holder.key) || len(certs) != 3 || !certs[0].Equal(chain[0]) {
			t.Errorf("%v: got %d certificates, want three, the key's own first: %v", extra, len(certs), err)
		}
	}
}
