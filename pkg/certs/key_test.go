package certs

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
)

func TestNewKey(t *testing.T) {
	for _, test := range []struct {
		algorithm Algorithm
		size      int
		message   string
	}{
		{RSA, 2047, "2048 to 8192"}, {RSA, 8200, "2048 to 8192"}, {RSA, 2049, "a multiple of 8"}, {RSA, -1, "2048 to 8192"},
		{ECDSA, 0, ""}, {ECDSA, 256, ""}, {ECDSA, 384, ""}, {ECDSA, 521, ""}, {ECDSA, 224, "use 256, 384 or 521"},
		{Ed25519, 0, ""}, {Ed25519, 256, "it has only one size"},
		{"dsa", 0, `key algorithm "dsa": use rsa, ecdsa or ed25519`},
		{"RSA", 0, `key algorithm "RSA": use rsa, ecdsa or ed25519`},
	} {
		t.Run(fmt.Sprint(test.algorithm, test.size), func(t *testing.T) {
			key, err := NewKey(test.algorithm, test.size)
			mustFail(t, err, test.message)
			mustFail(t, CheckKeySize(test.algorithm, test.size), test.message)
			if err != nil {
				return
			}
			text, err := EncodeKey(key)
			if err != nil {
				t.Fatal(err)
			}
			again, err := DecodeKey(text)
			if err != nil || !sameKey(key, again) {
				t.Errorf("the key came back as another: %v", err)
			}
		})
	}
	if key, err := NewKey(RSA, 0); err != nil || key.Public().(*rsa.PublicKey).N.BitLen() != 4096 {
		t.Errorf("an RSA key of the usual size: %v, want 4096 bits", err)
	}
}

func sameKey(a, b crypto.Signer) bool {
	key, ok := a.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b.Public())
}

func TestParseAlgorithm(t *testing.T) {
	for text, want := range map[string]Algorithm{"rsa": RSA, "ECDSA": ECDSA, "Ed25519": Ed25519} {
		if got, err := ParseAlgorithm(text); got != want || err != nil {
			t.Errorf("%s is %s (%v), want %s", text, got, err, want)
		}
	}
	_, err := ParseAlgorithm("sm2")
	mustFail(t, err, "use rsa, ecdsa or ed25519")
}

func block(label string, der []byte, err error) string {
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

func TestDecodeKey(t *testing.T) {
	ec := ecKey(t).(*ecdsa.PrivateKey)
	ecDER, ecErr := x509.MarshalECPrivateKey(ec)
	sec1 := block("EC PRIVATE KEY", ecDER, ecErr)
	pkcs8, _ := EncodeKey(ec)
	rsaDER := x509.MarshalPKCS1PrivateKey(rsaKey().(*rsa.PrivateKey))
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p224DER, p224Err := x509.MarshalPKCS8PrivateKey(p224)
	exchange, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	exchangeDER, exchangeErr := x509.MarshalPKCS8PrivateKey(exchange)
	root := newCA(t, "root", nil, nil)
	legacy := "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"
	for _, test := range []struct{ about, text, message string }{
		{"PKCS#8", string(pkcs8), ""},
		{"PKCS#1", block("RSA PRIVATE KEY", rsaDER, nil), ""},
		{"SEC 1", sec1, ""},
		{"SEC 1 after its parameters, as openssl ecparam writes it", "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + sec1, ""},
		{"after its certificate", string(encoded(t, root.cert)) + sec1, ""},
		{"encrypted PKCS#8", block("ENCRYPTED PRIVATE KEY", []byte{1}, nil), "it is encrypted; decrypt it first, with `openssl pkey"},
		{"encrypted PKCS#1", legacy, "it is encrypted; decrypt it first, with `openssl pkey"},
		{"two keys", sec1 + string(pkcs8), "there is more than one"},
		{"a weak RSA key", block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(weak), nil), "has 1024 bits; create one with 2048"},
		{"a weak curve", block("PRIVATE KEY", p224DER, p224Err), "on the curve P-224"},
		{"a key that can't sign", block("PRIVATE KEY", exchangeDER, exchangeErr), "it is a key that can't sign"},
		{"OpenSSH's form", block("OPENSSH PRIVATE KEY", []byte{1}, nil), "is not supported"},
		{"damaged", block("PRIVATE KEY", []byte{0x30, 1}, nil), "it is damaged"},
		{"cut off", sec1[:80], "this is a PEM file that is truncated"},
		{"a certificate", string(encoded(t, root.cert)), "this is a certificate; specify a private key"},
		{"a key in DER", string(rsaDER), "this is a private key in DER"},
		{"nothing", " \n", "this is an empty file"},
		{"something else", "hello", "this is a file of an unknown kind"},
		{"far too long", strings.Repeat("a", keyLimit+1), "too many for a key"},
	} {
		t.Run(test.about, func(t *testing.T) {
			_, err := DecodeKey([]byte(test.text))
			mustFail(t, err, test.message)
		})
	}
}

func TestCheckPublicKey(t *testing.T) {
	modulus := rsaKey().Public().(*rsa.PublicKey).N
	for _, test := range []struct {
		about   string
		public  crypto.PublicKey
		message string
	}{
		{"65537", &rsa.PublicKey{N: modulus, E: 65537}, ""},
		{"a small exponent", &rsa.PublicKey{N: modulus, E: 3}, "the exponent 3"},
		{"an even exponent", &rsa.PublicKey{N: modulus, E: 65538}, "the exponent 65538"},
		{"a huge key", &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 8192), E: 65537}, "has 8193 bits"},
		{"none", nil, "not an RSA, ECDSA or Ed25519 key"},
	} {
		t.Run(test.about, func(t *testing.T) { mustFail(t, checkPublicKey(test.public), test.message) })
	}
}
