package certs

import (
	"bytes"
	"crypto/x509"
	"slices"
	"strings"
	"testing"
)

func TestParseCertificates(t *testing.T) {
	a, b := newCA(t, "a", nil, nil), newCA(t, "b", nil, nil)
	both := encoded(t, a.cert, b.cert)
	key := string(a.keyPEM(t))
	request, err := NewRequest(subjectOf(t, "CN=x"), Names{}, ecKey(t))
	if err != nil {
		t.Fatal(err)
	}
	p12, err := EncodePKCS12(a.key, []*x509.Certificate{a.cert}, nil, "secret", true)
	if err != nil {
		t.Fatal(err)
	}
	two := []*x509.Certificate{a.cert, b.cert}
	for _, test := range []struct {
		about, text string
		want        []*x509.Certificate
		message     string
	}{
		{"PEM", string(both), two, ""},
		{"PEM with text and a key between", "# a\n" + string(encoded(t, a.cert)) + key + "# b\n" + string(encoded(t, b.cert)), two, ""},
		{"PEM of DOS", strings.ReplaceAll(string(both), "\n", "\r\n"), two, ""},
		{"DER", string(a.cert.Raw), two[:1], ""},
		{"DER and a line break", string(a.cert.Raw) + "\r\n", two[:1], ""},
		{"DER of several", string(slices.Concat(a.cert.Raw, b.cert.Raw)), two, ""},
		{"an old label", block("X509 CERTIFICATE", a.cert.Raw, nil), two[:1], ""},
		{"cut off", string(both[:len(both)-40]), nil, "only 1 of 2 are complete"},
		{"damaged", block("CERTIFICATE", []byte{0x30, 0}, nil), nil, "number 1 is damaged"},
		{"a key", key, nil, "this is a private key; specify certificates"},
		{"a request", string(request), nil, "this is a certificate request"},
		{"OpenSSL's trusted form", block("TRUSTED CERTIFICATE", a.cert.Raw, nil), nil, "with OpenSSL's trust settings"},
		{"PKCS#7", block("PKCS7", nil, nil), nil, "this is a PKCS#7 file"},
		{"another PEM", block("DH PARAMETERS", nil, nil), nil, `this is a PEM file with "DH PARAMETERS"`},
		{"PKCS#12", string(p12), nil, "this is a PKCS#12 file"},
		{"DER with more behind", string(a.cert.Raw) + "\x00", nil, "this is a file of an unknown kind"},
		{"nothing", "", nil, "this is an empty file"},
		{"too many", strings.Repeat(string(encoded(t, a.cert)), 101), nil, "there are more than 100"},
		{"as many as may be", strings.Repeat(string(encoded(t, a.cert)), 100), slices.Repeat(two[:1], 100), ""},
		{"too long", strings.Repeat("a", certificatesLimit+1), nil, "bytes are too many"},
	} {
		t.Run(test.about, func(t *testing.T) {
			got, err := ParseCertificates([]byte(test.text))
			mustFail(t, err, test.message)
			if !sameCerts(got, test.want) {
				t.Errorf("got %d certificates, want %d in order", len(got), len(test.want))
			}
		})
	}
}

func TestEncodeCertificates(t *testing.T) {
	_, err := EncodeCertificates([]*x509.Certificate{newCA(t, "a", nil, nil).cert, nil})
	mustFail(t, err, "number 2 of 2 has no content")
}

func FuzzParseCertificates(f *testing.F) {
	ca := newCA(f, "a", nil, nil)
	f.Add(encoded(f, ca.cert, ca.cert))
	f.Add(ca.cert.Raw)
	f.Add(ca.keyPEM(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		certs, err := ParseCertificates(data)
		if err != nil {
			return
		}
		again, err := ParseCertificates(encoded(t, certs...))
		if err != nil || !sameCerts(certs, again) || len(certs) == 0 {
			t.Fatalf("%d certificates came back as %d: %v", len(certs), len(again), err)
		}
		if strings.Contains(string(bytes.ToUpper(encoded(t, certs...))), "PRIVATE KEY") {
			t.Fatal("a private key was kept")
		}
	})
}
