package certs

import (
	"slices"
	"strings"
	"testing"
)

func TestParseNames(t *testing.T) {
	long := strings.Repeat("a", 63)
	for _, test := range []struct{ about, kind, text, message string }{
		{about: "a host", kind: "dns", text: "pacs-1.example.org"},
		{about: "a single label", kind: "dns", text: "localhost"},
		{about: "a wildcard", kind: "dns", text: "*.example.org"},
		{about: "an international name in ASCII", kind: "dns", text: "xn--bcher-kva.example"},
		{about: "as long as may be", kind: "dns", text: long + "." + long + "." + long + "." + long[:61]},
		{about: "one character too long", kind: "dns", text: long + "." + long + "." + long + "." + long[:62], message: "it has 254 characters"},
		{about: "a label too long", kind: "dns", text: long + "a.org", message: "has 64 characters"},
		{about: "an international name", kind: "dns", text: "bücher.example", message: `ASCII form, which begins with "xn--"`},
		{about: "an underscore", kind: "dns", text: "a_b.org", message: `"a_b" may have only letters`},
		{about: "a wildcard further in", kind: "dns", text: "a.*.org", message: "may only stand alone before the first dot"},
		{about: "a wildcard in part", kind: "dns", text: "a*.org", message: "may only stand alone"},
		{about: "nothing but a wildcard", kind: "dns", text: "*", message: "a wildcard must stand for one label"},
		{about: "a dot at the end", kind: "dns", text: "a.org.", message: "remove that dot"},
		{about: "a hyphen at the end", kind: "dns", text: "a-.org", message: "may not begin or end with a hyphen"},
		{about: "an address", kind: "dns", text: "192.0.2.7", message: "it is an IP address"},
		{about: "a control character", kind: "dns", text: "a\x1b.org", message: `"a\x1b" may have only`},
		{about: "nothing", kind: "dns", text: "", message: "remove that dot"},
		{about: "IPv4", kind: "ip", text: "192.0.2.7"},
		{about: "IPv6", kind: "ip", text: "2001:db8::7"},
		{about: "a zone", kind: "ip", text: "fe80::1%eth0", message: `omit "%eth0"`},
		{about: "a network", kind: "ip", text: "10.0.0.0/8", message: "it is a network"},
		{about: "a host for an address", kind: "ip", text: "a.org", message: "it is not an IP address"},
		{about: "an e-mail address", kind: "email", text: "j.o+x@example.org"},
		{about: "a display name", kind: "email", text: "J <j@example.org>", message: "without a display name"},
		{about: "quotes", kind: "email", text: `"j o"@example.org`, message: "quotes"},
		{about: "an address without a domain", kind: "email", text: "j", message: "name@example.org"},
		{about: "an e-mail address beyond ASCII", kind: "email", text: "é@example.org", message: "all ASCII"},
		{about: "a domain that is none", kind: "email", text: "j@a_b", message: "may have only letters"},
		{about: "a wildcard in an e-mail address", kind: "email", text: "j@*.org", message: `it must not contain "*"`},
		{about: "a URL", kind: "uri", text: "https://example.org:8443/a?b=c"},
		{about: "a URL of IPv6", kind: "uri", text: "https://[2001:db8::7]:8443/"},
		{about: "a URN", kind: "uri", text: "urn:oid:1.2.840.10008"},
		{about: "SPIFFE", kind: "uri", text: "spiffe://cluster.local/ns/a/sa/b"},
		{about: "a relative URI", kind: "uri", text: "/a", message: "it is not absolute"},
		{about: "only a scheme", kind: "uri", text: "https:", message: "it is not absolute"},
		{about: "a space", kind: "uri", text: "https://example.org/a b", message: "no spaces"},
		{about: "a URI beyond ASCII", kind: "uri", text: "https://example.org/é", message: "only ASCII"},
		{about: "a host that is none", kind: "uri", text: "https://a_b/", message: `its host "a_b"`},
		{about: "what a URI must escape", kind: "uri", text: "https://a.org/<b>", message: "it is not a URI"},
		{about: "no URI", kind: "uri", text: "https://a.org/%zz", message: "it is not a URI"},
	} {
		t.Run(test.about, func(t *testing.T) {
			given := map[string][]string{test.kind: {test.text}}
			names, err := ParseNames(given["dns"], given["ip"], given["email"], given["uri"])
			mustFail(t, err, test.message)
			if test.message == "" && (len(names.sorted()) != 1 || !strings.HasSuffix(names.sorted()[0], ":"+test.text)) {
				t.Errorf("got %v, want only %s", names.sorted(), test.text)
			}
		})
	}
}

func TestParseNamesDropsDuplicates(t *testing.T) {
	names := namesOf(t, "b.org a.org B.org", "::ffff:192.0.2.7 192.0.2.7", "x@a.org x@a.org X@a.org", "urn:a:b urn:a:b")
	if want := []string{"b.org", "a.org"}; !slices.Equal(names.DNS, want) {
		t.Errorf("DNS names are %v, want %v in that order", names.DNS, want)
	}
	if len(names.IPs) != 1 || names.IPs[0].String() != "192.0.2.7" {
		t.Errorf("addresses are %v, want 192.0.2.7 alone", names.IPs)
	}
	// The part before "@" may differ by case (RFC 5280 section 7.5).
	if len(names.Emails) != 2 || len(names.URIs) != 1 {
		t.Errorf("got %v and %v, want two and one", names.Emails, names.URIs)
	}
}
