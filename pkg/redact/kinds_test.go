package redact

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
)

// keyPair is a certificate and its private key, in PEM.
func keyPair(t *testing.T) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: privateDER})
}

func TestSecretKeepsCertificatesOnly(t *testing.T) {
	certificate, key := keyPair(t)
	encode := base64.StdEncoding.EncodeToString
	join := func(parts ...[]byte) string { return string(bytes.Join(parts, nil)) }
	chain := join(certificate, certificate)
	for name, test := range map[string]struct{ field, key, from, want string }{
		"a chain":                     {"data", "tls.crt", encode([]byte(chain)), encode([]byte(chain))},
		"an authority":                {"data", "ca.crt", encode(certificate), encode(certificate)},
		"a key beside it":             {"data", "tls.crt", encode([]byte(join(certificate, key, certificate))), encode([]byte(chain))},
		"text beside it":              {"data", "tls.crt", encode([]byte(join([]byte("hunter2\n"), certificate, []byte("hunter2")))), encode(certificate)},
		"only a key":                  {"data", "tls.crt", encode(key), mask.Redacted},
		"a key called a certificate":  {"data", "tls.crt", encode(bytes.ReplaceAll(key, []byte("PRIVATE KEY"), []byte("CERTIFICATE"))), mask.Redacted},
		"a certificate called a key":  {"data", "tls.crt", encode(bytes.ReplaceAll(certificate, []byte("CERTIFICATE"), []byte("PRIVATE KEY"))), mask.Redacted},
		"headers of a block":          {"data", "tls.crt", encode(bytes.Replace(certificate, []byte("CERTIFICATE-----\n"), []byte("CERTIFICATE-----\nX: hunter2\n\n"), 1)), encode(certificate)},
		"another key":                 {"data", "other.crt", encode(certificate), mask.Redacted},
		"no base64":                   {"data", "tls.crt", string(certificate), mask.Redacted},
		"a chain as text":             {"stringData", "tls.crt", chain, chain},
		"a key beside it, as text":    {"stringData", "ca.crt", join(key, certificate), string(certificate)},
		"what is redacted stays that": {"data", "tls.crt", mask.Redacted, mask.Redacted},
	} {
		obj := newObject("v1", "Secret", map[string]any{test.field: map[string]any{test.key: test.from}})
		Redact(obj)
		if got := obj.Object[test.field].(map[string]any)[test.key]; got != test.want {
			t.Errorf("%s: %v", name, got)
		}
		Redact(obj)
		if got := obj.Object[test.field].(map[string]any)[test.key]; got != test.want {
			t.Errorf("%s, redacted again: %v", name, got)
		}
	}
}

func TestPublicPEMInOtherObjectsStays(t *testing.T) {
	certificate, key := keyPair(t)
	public := base64.StdEncoding.EncodeToString(certificate)
	if mask.Mask(public) != public {
		t.Error("a certificate is masked")
	}
	for _, part := range [][]byte{key, []byte("hunter2\n")} {
		private := base64.StdEncoding.EncodeToString(append(bytes.Clone(certificate), part...))
		if mask.Mask(private) != mask.Redacted {
			t.Errorf("what follows a certificate is kept: %q", part)
		}
	}
}
