package certs

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// now is the current time in these tests.
var now = time.Date(2026, 5, 4, 12, 30, 15, 123456789, time.UTC)

// rsaKey is generated only once, because it takes long.
var rsaKey = sync.OnceValue(func() crypto.Signer {
	key, err := NewKey(RSA, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func ecKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := NewKey(ECDSA, 0)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// testCA is a CA that tests may change.
type testCA struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// newCA creates a root CA, or a CA signed by another, valid for ten years around now.
func newCA(t testing.TB, name string, under *testCA, spoil func(*x509.Certificate)) *testCA {
	t.Helper()
	ca := &testCA{key: ecKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-year), NotAfter: now.Add(9 * year),
		BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageCertSign,
	}
	if spoil != nil {
		spoil(template)
	}
	parent := &testCA{cert: template, key: ca.key}
	if under != nil {
		parent = under
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent.cert, ca.key.Public(), parent.key)
	if err != nil {
		t.Fatal(err)
	}
	if ca.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return ca
}

func (ca *testCA) keyPEM(t testing.TB) []byte {
	t.Helper()
	text, err := EncodeKey(ca.key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func encoded(t testing.TB, certs ...*x509.Certificate) []byte {
	t.Helper()
	text, err := EncodeCertificates(certs)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (ca *testCA) authority(t testing.TB, above ...*testCA) *CA {
	t.Helper()
	var cas []byte
	for _, one := range above {
		cas = append(cas, encoded(t, one.cert)...)
	}
	authority, err := ParseCA(encoded(t, ca.cert), ca.keyPEM(t), cas)
	if err != nil {
		t.Fatal(err)
	}
	return authority
}

func subjectOf(t testing.TB, text string) pkix.RDNSequence {
	t.Helper()
	subject, err := ParseSubject(text)
	if err != nil {
		t.Fatal(err)
	}
	return subject
}

func namesOf(t testing.TB, dns, ips, emails, uris string) Names {
	t.Helper()
	names, err := ParseNames(strings.Fields(dns), strings.Fields(ips), strings.Fields(emails), strings.Fields(uris))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func requestOf(t testing.TB, subject string, names Names, key crypto.Signer) *x509.CertificateRequest {
	t.Helper()
	text, err := NewRequest(subjectOf(t, subject), names, key)
	if err != nil {
		t.Fatal(err)
	}
	request, err := ParseRequest(text)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

// allNames has names of each kind.
func allNames(t testing.TB) Names {
	return namesOf(t, "ct1.example.org *.example.org", "192.0.2.7 2001:db8::7", "pacs@example.org", "https://example.org/a urn:oid:1.2.840.10008")
}

// mustFail checks that the error contains the text.
func mustFail(t *testing.T, err error, message string) {
	t.Helper()
	switch {
	case message == "" && err != nil:
		t.Errorf("refused: %v", err)
	case message != "" && err == nil:
		t.Errorf("accepted; want an error with %q", message)
	case message != "" && !strings.Contains(err.Error(), message):
		t.Errorf("the error is\n%v\nwant in it\n%s", err, message)
	}
}

func sameCerts(a, b []*x509.Certificate) bool {
	return slices.EqualFunc(a, b, (*x509.Certificate).Equal)
}
