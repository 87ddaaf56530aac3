package certs

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

func TestNewRequest(t *testing.T) {
	names := allNames(t)
	text, err := NewRequest(nil, names, rsaKey())
	if err != nil {
		t.Fatal(err)
	}
	if request, err := ParseRequest(text); err != nil || !bytes.Equal(EncodeRequest(request), text) {
		t.Errorf("a request that was read is written as another: %v", err)
	}
	request := requestOf(t, "/C=CA/O=A+OU=B/CN=ct1/emailAddress=a@b.org", names, rsaKey())
	want, err := MarshalSubject(subjectOf(t, "/C=CA/O=A+OU=B/CN=ct1/emailAddress=a@b.org"))
	if err != nil || !bytes.Equal(request.RawSubject, want) {
		t.Errorf("the subject is %x, want %x (%v)", request.RawSubject, want, err)
	}
	got, err := requestedNames(request)
	if err != nil || strings.Join(got.sorted(), " ") != strings.Join(names.sorted(), " ") {
		t.Errorf("the names are %v (%v), want %v", got.sorted(), err, names.sorted())
	}
	usage, err := pki.UnmarshalKeyUsage(extension(request.Extensions, pki.OIDExtensionKeyUsage).Value)
	if want := x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment; usage != want || err != nil {
		t.Errorf("the key usage is %b (%v), want %b", usage, err, want)
	}
	purposes, other, err := pki.UnmarshalExtKeyUsage(extension(request.Extensions, pki.OIDExtensionExtendedKeyUsage).Value)
	if len(purposes) != 1 || purposes[0] != x509.ExtKeyUsageClientAuth || len(other) > 0 || err != nil {
		t.Errorf("the purposes are %v, %v (%v), want clientAuth alone", purposes, other, err)
	}
	_, err = NewRequest(nil, Names{}, rsaKey())
	mustFail(t, err, "neither a subject nor names")
	_, err = NewRequest(nil, Names{DNS: []string{"a_b"}}, rsaKey())
	mustFail(t, err, `DNS name "a_b"`)
}

// spoiled is a request, in DER, that NewRequest would not create.
func spoiled(t *testing.T, key crypto.Signer, template x509.CertificateRequest) string {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &template, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(der)
}

func TestParseRequest(t *testing.T) {
	key := ecKey(t)
	text, err := NewRequest(subjectOf(t, "CN=x"), allNames(t), key)
	if err != nil {
		t.Fatal(err)
	}
	good := string(text)
	found, _ := pem.Decode(text)
	der := string(found.Bytes)
	changed := []byte(der)
	changed[bytes.Index(changed, []byte("ct1.example"))]++
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	subject := pkix.Name{CommonName: "x"}
	withExtension := func(oid asn1.ObjectIdentifier, value ...byte) string {
		return spoiled(t, key, x509.CertificateRequest{Subject: subject, ExtraExtensions: []pkix.Extension{{Id: oid, Value: value}}})
	}
	basic := asn1.ObjectIdentifier(pki.OIDExtensionBasicConstraints)
	for _, test := range []struct{ about, text, message string }{
		{"PEM", good, ""},
		{"DER", der, ""},
		{"the label of old programs", strings.ReplaceAll(good, "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"), ""},
		{"text before, as openssl req -text writes", "Certificate Request:\n  Version: 1\n" + good, ""},
		{"CA:FALSE", withExtension(basic, 0x30, 0), ""},
		{"a key after it", good + "-----BEGIN PRIVATE KEY-----\n", "the file has other content after it"},
		{"bytes after it", der + "\x00", "trailing data"},
		{"changed after it was signed", string(changed), "not made with its own key, or it was changed"},
		{"CA:TRUE", withExtension(basic, 0x30, 3, 1, 1, 0xff), "it requests a CA certificate"},
		{"damaged about being a CA", withExtension(basic, 0x31), "its basic constraints are damaged"},
		{"neither subject nor names", spoiled(t, key, x509.CertificateRequest{}), "neither a subject nor names"},
		{"only names", spoiled(t, key, x509.CertificateRequest{DNSNames: []string{"a.org"}}), ""},
		{"a bad name", spoiled(t, key, x509.CertificateRequest{DNSNames: []string{"a_b"}}), `DNS name "a_b"`},
		{"an otherName", withExtension(oidSAN, 0x30, 7, 0xa0, 5, 6, 1, 0x2a, 0x05, 0), "a name of the kind otherName"},
		{"an address of three bytes", withExtension(oidSAN, 0x30, 5, 0x87, 3, 1, 2, 3), "IP address"},
		{"names of another class", withExtension(oidSAN, 0x30, 3, 0x02, 1, 'a'), "list of names is damaged"},
		{"an empty list of names", withExtension(oidSAN, 0x30, 0), "list of names is empty"},
		{"a weak key", spoiled(t, weak, x509.CertificateRequest{Subject: subject}), "has 1024 bits"},
		{"SHA-1", spoiled(t, rsaKey(), x509.CertificateRequest{Subject: subject, SignatureAlgorithm: x509.SHA1WithRSA}), "it is signed by SHA1-RSA"},
		{"a certificate", string(encoded(t, newCA(t, "root", nil, nil).cert)), "this is a certificate; specify a certificate request"},
		{"a damaged one in PEM", block("CERTIFICATE REQUEST", []byte{0x30}, nil), "it is damaged; copy it again"},
		{"nothing", "", "this is an empty file"},
		{"far too long", strings.Repeat("a", requestLimit+1), "too many for a certificate request"},
	} {
		t.Run(test.about, func(t *testing.T) {
			_, err := ParseRequest([]byte(test.text))
			mustFail(t, err, test.message)
		})
	}
}

func FuzzParseRequest(f *testing.F) {
	text, err := NewRequest(subjectOf(f, "CN=x"), allNames(f), ecKey(f))
	if err != nil {
		f.Fatal(err)
	}
	found, _ := pem.Decode(text)
	f.Add(text)
	f.Add(found.Bytes)
	root := newCA(f, "root", nil, nil).authority(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		request, err := ParseRequest(data)
		if err != nil {
			return
		}
		// An accepted request can be signed, and the certificate has the requested content.
		chain, err := root.Sign(request, now, day)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckIssued(request, chain, []*x509.Certificate{root.Certificate}, now); err != nil {
			t.Fatal(err)
		}
	})
}
