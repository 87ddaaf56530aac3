package certs

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

func TestParseSubject(t *testing.T) {
	for _, test := range []struct{ about, text, want, message string }{
		{about: "OpenSSL's order", text: "/C=CA/O=Acme/CN=x", want: "CN=x,O=Acme,C=CA"},
		{about: "RFC 4514's order", text: "CN=x,O=Acme,C=CA", want: "CN=x,O=Acme,C=CA"},
		{about: "spaces around", text: " CN = x , O = Acme Ltd ,C=CA ", want: "CN=x,O=Acme Ltd,C=CA"},
		{about: "several of one kind", text: "/O=A+OU=B/CN=x", want: "CN=x,O=A+OU=B"},
		{about: "OpenSSL's escapes", text: `/O=a\/b\+c\\d\,e/CN=x=y`, want: `CN=x=y,O=a/b\+c\\d\,e`},
		{about: "OpenSSL's commas are plain", text: `/O=a,b`, want: `O=a\,b`},
		{about: "RFC 4514's escapes", text: `O=a\,b\+c\"d\\e\<f\>g\;h\=i\#j\ `, want: `O=a\,b\+c\"d\\e\<f\>g\;h=i#j\ `},
		{about: "in hexadecimal, character by character", text: `CN=Lu\C4\8Di\C4\87`, want: "CN=Lučić"},
		{about: "a leading #", text: `CN=\#1`, want: `CN=\#1`},
		{about: "DER of the usual string type", text: "CN=#130141", want: "CN=A"},
		{about: "DER of another string type", text: "CN=#0C0141", want: "CN=#0c0141"},
		{about: "an OID that has a name", text: "2.5.4.3=x", want: "CN=x"},
		{about: "an OID that has none", text: "1.2.3.4=x", want: "1.2.3.4=#130178"},
		{about: "long names in any case", text: "COMMONNAME=x,emailaddress=a@b.org,stateOrProvinceName=ON", want: "CN=x,emailAddress=a@b.org,ST=ON"},
		{about: "Windows' names", text: "CN=x, E=a@b.org, S=ON", want: "CN=x,emailAddress=a@b.org,ST=ON"},
		{about: "the empty subject", text: "", want: ""},
		{about: "the empty subject of OpenSSL", text: "/", want: ""},
		{about: "a slash at the end, as OpenSSL lets pass", text: "/CN=x/", want: "CN=x"},
		{about: "as long as may be", text: "CN=" + strings.Repeat("é", 64), want: "CN=" + strings.Repeat("é", 64)},

		{about: "an unknown attribute", text: "/O=Acmé/COMMON=x", message: `at character 9, "COMMON=x": no such attribute; use one of CN, C, ST, L, O, OU,`},
		{about: "no value", text: "/O=Acme/CN", message: `at character 9, "CN": there is no "="`},
		{about: "a comma that was not escaped", text: "CN=x,O=Acme, Inc", message: `at character 14, "Inc": there is no "="`},
		{about: "a comma at the end", text: "CN=x,", message: `at character 6, "": there is no "="`},
		{about: "a plus at the end", text: "/CN=x+", message: `at character 7, "": there is no "="`},
		{about: "a backslash at the end", text: `/CN=x\`, message: "nothing comes after it"},
		{about: "a backslash before what needs none", text: `CN=a\zb`, message: `at character 5, "\\z": after "\" comes one of`},
		{about: "quotes of RFC 2253", text: `O="Acme, Inc"`, message: `write it as "\""`},
		{about: "a semicolon", text: "CN=x;O=y", message: `at character 5, ";": write it as "\;"`},
		{about: "no hexadecimal", text: "CN=#xy", message: `"#xy": what comes after "#" is not hexadecimal`},
		{about: "DER that is no string", text: "CN=#020101", message: "must be the DER of one string"},
		{about: "DER with more behind", text: "CN=#13014100", message: "must be the DER of one string"},
		{about: "an empty value", text: "/CN=/O=x", message: `at character 2, "CN=": the value is empty`},
		{about: "an empty value in DER", text: "CN=#1300", message: "the value is empty"},
		{about: "only a space", text: `CN=\ `, message: "the value is empty"},
		{about: "NUL", text: `CN=a\00b`, message: "control character"},
		{about: "a line break", text: "/CN=a\nb", message: "control character"},
		{about: "no UTF-8", text: `CN=a\FF`, message: "not valid UTF-8"},
		{about: "too long", text: "CN=" + strings.Repeat("é", 65), message: "has 65 characters; the maximum is 64"},
		{about: "an e-mail address too long", text: "E=" + strings.Repeat("a", 256), message: "has 256 characters; the maximum is 255"},
		{about: "a country by its name", text: "/C=Canada", message: "a country is exactly two letters"},
		{about: "a country of digits", text: "/C=12", message: "a country is exactly two letters"},
		{about: "an e-mail address beyond ASCII", text: "E=é@b.org", message: "only ASCII"},
		{about: "a serial number beyond a PrintableString", text: "serialNumber=a*b", message: "only letters, digits"},
		{about: "an OID that does not exist", text: "9.9=x", message: "no such attribute"},
		{about: "an OID with a sign", text: "/2.5.-4=x", message: "no such attribute"},
		{about: "an OID that nobody can read back", text: "1.2.99999999999=x", message: "no such attribute"},
	} {
		t.Run(test.about, func(t *testing.T) {
			subject, err := ParseSubject(test.text)
			mustFail(t, err, test.message)
			if got := FormatSubject(subject); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestMarshalSubject(t *testing.T) {
	der := func(text string) string {
		raw, err := MarshalSubject(subjectOf(t, text))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%x", raw)
	}
	for _, test := range []struct{ about, text, value string }{
		{"printable", "CN=ab", "13026162"},
		{"beyond PrintableString", "CN=a*", "0c02612a"},
		{"emailAddress is IA5String", "E=a@b", "1603614062"},
		{"domainComponent is IA5String", "DC=org", "16036f7267"},
		{"country is PrintableString", "C=CA", "13024341"},
	} {
		if got := der(test.text); !strings.HasSuffix(got, test.value) {
			t.Errorf("%s: %s encodes as %s, want it to end in %s", test.about, test.text, got, test.value)
		}
	}
	// A parsed certificate has strings where ParseSubject has IA5Strings.
	plain := pkix.RDNSequence{{{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, Value: "a@b"}}}
	if raw, err := MarshalSubject(plain); err != nil || fmt.Sprintf("%x", raw) != der("E=a@b") {
		t.Errorf("a string for emailAddress encodes as %x (%v), want an IA5String", raw, err)
	}
	_, err := MarshalSubject(pkix.RDNSequence{{}})
	mustFail(t, err, "name 1 of 1 has no attribute")
	_, err = MarshalSubject(pkix.RDNSequence{{{Type: asn1.ObjectIdentifier{2, 5, 4, 6}, Value: "é"}}})
	mustFail(t, err, "encode the subject's C: the value may have only letters")
}

func TestFormatRawSubject(t *testing.T) {
	for _, test := range []struct{ about, want, der string }{
		{"a subject", "CN=x", "300c310a300806035504030c0178"},
		{"the empty one", "", "3000"},
		{"more behind", "#300000", "300000"},
		{"no subject", "#0500", "0500"},
	} {
		der, err := hex.DecodeString(test.der)
		if got := FormatRawSubject(der); got != test.want || err != nil {
			t.Errorf("%s: got %q (%v), want %q", test.about, got, err, test.want)
		}
	}
}

func TestFormatSubjectIsSafeToPrint(t *testing.T) {
	cn := asn1.ObjectIdentifier{2, 5, 4, 3}
	subject := pkix.RDNSequence{{{Type: cn, Value: "a\x1b[2J\r\n\u2028\xff b"}}, {{Type: cn, Value: 7}}}
	if got, want := FormatSubject(subject), `CN=#020107,CN=a\1B[2J\0D\0A\E2\80\A8\FF b`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestCertManagersSubjects shows why ParseSubject does not use cert-manager's parser: its
// results for subjects that ParseSubject accepts, and the subjects that it accepts although
// ParseSubject rejects them. If an input no longer differs, one reason no longer applies.
func TestCertManagersSubjects(t *testing.T) {
	theirs := func(text string) string {
		rdns, err := pki.UnmarshalSubjectStringToRDNSequence(text)
		if err != nil {
			return err.Error()
		}
		der, err := pki.MarshalRDNSequenceToRawDERBytes(rdns)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("%x", der)
	}
	ours := func(text string) string {
		rdns, err := ParseSubject(text)
		if err != nil {
			return "refused"
		}
		der, err := MarshalSubject(rdns)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%x", der)
	}
	const noName = "asn1: structure error: invalid object identifier" // what it makes of a name that it does not know
	const noPair = "DN ended with incomplete type, value pair"
	for _, test := range []struct{ about, text, ours, theirs string }{
		{"OpenSSL's form", "/C=CA/CN=x", "3019310b3009060355040613024341310a30080603550403130178", noName},
		{"OpenSSL's commas", "/CN=a,b", "300e310c300a06035504031303612c62", noPair},
		{"a name in lower case", "cn=x", "300c310a30080603550403130178", noName},
		{"a long name", "commonName=x", "300c310a30080603550403130178", noName},
		{"e-mail", "emailAddress=a@b.org", "30183116301406092a864886f70d01090116076140622e6f7267", noName},
		{"e-mail, as Windows writes it", "E=a@b.org", "30183116301406092a864886f70d01090116076140622e6f7267", noName},
		{"surname", "SN=a", "300c310a30080603550404130161", noName},
		{"serialNumber, but in capitals", "serialNumber=1", "300c310a30080603550405130131", noName},
		{"domainComponent is IA5String", "DC=a", "30133111300f060a0992268993f22c640119160161", "30133111300f060a0992268993f22c640119130161"},
		{"DER of another string type", "CN=#0C0141", "300c310a300806035504030c0141", "300c310a30080603550403130141"},
		{"DER that is no string", "CN=#020101", "refused", "300c310a300806035504030c0101"},
		{"DER with more behind", "CN=#13014100", "refused", "300c310a30080603550403130141"},
		{"a semicolon", "CN=x;O=y", "refused", "3018310a3008060355040a130179310a30080603550403130178"},
		{"an empty value", "CN=,O=x", "refused", "3017310a3008060355040a1301783109300706035504031300"},
		{"a line break", "CN=a\nb", "refused", "300e310c300a06035504030c03610a62"},
		{"a country by its name", "C=Canada", "refused", "3011310f300d0603550406130643616e616461"},
		{"an OID that nobody can read back", "1.2.99999999999=x", "refused", "3010310e300c06072a82f4c3dbcf7f130178"},
	} {
		if got := ours(test.text); got != test.ours {
			t.Errorf("%s: %s is %s here, want %s", test.about, test.text, got, test.ours)
		}
		if got := theirs(test.text); got != test.theirs {
			t.Errorf("%s: %s is %s of cert-manager, want %s", test.about, test.text, got, test.theirs)
		}
	}
	for _, same := range []string{
		"", "CN=x,O=Acme,C=CA", " CN = x , O = Acme Ltd ", `O=a\,b\+c\"d\\e\<f\>g\;h\=i\#j\ `, `CN=Lu\C4\8Di\C4\87`, `CN=\#1`,
		"2.5.4.3=x", "1.2.3.4=x", "UID=jo,STREET=1", "O=A+OU=B,CN=x", "OU=B+O=A", "CN=a*", "CN=é",
	} {
		if got, want := theirs(same), ours(same); got != want {
			t.Errorf("%s is %s of cert-manager, and %s here", same, got, want)
		}
	}
}
