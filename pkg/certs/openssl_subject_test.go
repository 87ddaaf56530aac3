package certs

import (
	"bytes"
	"crypto/x509"
	"math/rand/v2"
	"strings"
	"testing"
)

// subjectConfig makes `openssl req` choose string types as crypto/x509 does: PrintableString
// (2) where it can, else UTF8String (0x2000). Its default is always the latter, which RFC 5280
// section 4.1.2.4 allows as well.
func subjectConfig(t *testing.T) string {
	t.Helper()
	return saved(t, []byte("[req]\ndistinguished_name = dn\nstring_mask = MASK:0x2002\n[dn]\n"))
}

func TestSubjectsAsOpenSSL(t *testing.T) {
	key, err := EncodeKey(ecKey(t))
	if err != nil {
		t.Fatal(err)
	}
	keyFile, config := saved(t, key), subjectConfig(t)
	compare := func(t *testing.T, subject string) {
		t.Helper()
		out := openssl(t, nil, "req", "-new", "-key", keyFile, "-config", config, "-utf8", "-outform", "DER", "-subj", subject)
		request, err := x509.ParseCertificateRequest([]byte(out))
		if err != nil {
			t.Fatalf("%s: %v, %q", subject, err, out)
		}
		got, err := MarshalSubject(subjectOf(t, subject))
		if err != nil || !bytes.Equal(got, request.RawSubject) {
			t.Errorf("%s:\ngot  %x (%v)\nwant %x", subject, got, err, request.RawSubject)
		}
	}
	for _, test := range []struct{ about, subject string }{
		{"plain", "/C=CA/ST=Ontario/L=Toronto/O=Digi Hunch/OU=Imaging/CN=ct1.example.org"},
		{"empty", "/"},
		{"a slash at the end", "/CN=x/"},
		{"two in one", "/C=CA/O=A+OU=B/CN=x"},
		{"two in one, to be sorted by DER", "/O=A/CN=longer than the other+UID=x+OU=B"},
		{"the same type twice in one", "/OU=B+OU=A+OU=C/CN=x"},
		{"escapes", `/O=a\/b\+c\\d/CN=\e\é`},
		{"what the other form escapes", `/O=a,b;"c"<d>#e/CN=x=y`},
		{"spaces are kept", "/O= a b /CN=x"},
		{"emailAddress", "/CN=x/emailAddress=j@example.org"},
		{"emailAddress joined", "/CN=x+emailAddress=j@example.org"},
		{"domain components", "/DC=org/DC=example/UID=jo/CN=Jo"},
		{"UTF-8", "/O=Hôpital Général/CN=診断 😀"},
		{"what is not printable", "/O=A*B&C@D_E/CN=x"},
		{"people", "/SN=Lučić/GN=Ana/initials=AL/title=Dr/pseudonym=a/generationQualifier=II/CN=x"},
		{"numbers", "/serialNumber=12-3/dnQualifier=a1/postalCode=M5V 2T6/street=1 King St/CN=x"},
		{"an organization", "/organizationIdentifier=NTRCA-1/businessCategory=Hospital/description=PACS/CN=x"},
		{"long names", "/countryName=CA/organizationName=A/commonName=x"},
		{"by OID, with and without a name here", "/2.5.4.10=A/2.5.4.18=b/CN=x"},
	} {
		t.Run(test.about, func(t *testing.T) { compare(t, test.subject) })
	}
	t.Run("at random", func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for range 40 {
			slashes, _ := randomSubject(r)
			compare(t, inOpenSSLsWords(slashes))
		}
	})
}

// inOpenSSLsWords removes the names that only Windows and LDAP use.
func inOpenSSLsWords(subject string) string {
	for _, kind := range attributes {
		for _, name := range kind.names {
			for _, before := range []string{"/", "+"} {
				subject = strings.ReplaceAll(subject, before+name+"=", before+kind.oid.String()+"=")
			}
		}
	}
	return subject
}
