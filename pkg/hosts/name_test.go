package hosts

import (
	"net/netip"
	"strings"
	"testing"
)

func TestCheckName(t *testing.T) {
	long := strings.Repeat("a", 63)
	machine := []string{"pacs1", "PACS1.bhs.org"}
	for _, c := range []struct {
		about, name string
		want        string // "" for none
	}{
		{"below a domain", "Web.BHS.org", ""},
		{"below another", "a-1.xn--bcher-kva.mhr.org", ""},
		{"the domain itself", "bhs.org", ""},
		{"any domain", "web.example.org", ""},
		{"a public suffix", "co.uk", "any user can register"},
		{"a vendor's", "github.io", "any user can register"},
		{"longest label", long + ".org", ""},
		{"longer label", long + "a.org", "64 characters, at most 63 are allowed"},
		{"longest name", strings.Repeat(long+".", 3) + strings.Repeat("b", 61), ""},
		{"longer name", strings.Repeat(long+".", 3) + strings.Repeat("b", 62), "254 characters, at most 253 are allowed"},
		{"empty", "", "no domain"},
		{"single label", "web", "no domain"},
		{"wildcard", "*.bhs.org", "not support wildcards"},
		{"wildcard inside", "a*b.bhs.org", "not support wildcards"},
		{"localhost", "LocalHost", "reserved for the system"},
		{"localhost with a dot", "localhost.", "reserved for the system"},
		{"below localhost", "web.localhost", "reserved for the system"},
		{"localhost.localdomain", "localhost.localdomain", "reserved for the system"},
		{"ip6-loopback", "ip6-loopback", "reserved for the system"},
		{"ip6- with a domain", "ip6-x.bhs.org", "reserved for the system"},
		{"broadcasthost", "broadcasthost", "reserved for the system"},
		{"machine", "pacs1", "own name"},
		{"machine with domain", "pacs1.bhs.org", "own name"},
		{"last newline", "web.bhs.org\n", "characters other than"},
		{"second line", "web.bhs.org\n10.0.0.1 bank.org", "can't be in"},
		{"carriage return", "web\r.bhs.org", "characters other than"},
		{"NUL", "web\x00.bhs.org", "characters other than"},
		{"space", "web bhs.org", "characters other than"},
		{"comment", "web#.bhs.org", "characters other than"},
		{"underscore", "a_b.bhs.org", "characters other than"},
		{"other script", "b\u00fccher.bhs.org", "characters other than"},
		{"Kelvin's sign", "\u212aorthweb.bhs.org", "characters other than"},
		{"not UTF-8", "\xff.bhs.org", "characters other than"},
		{"last dot", "web.bhs.org.", "an empty label"},
		{"two dots", "web..bhs.org", "an empty label"},
		{"dash first", "-web.bhs.org", "hyphen"},
		{"dash last", "web-.bhs.org", "hyphen"},
		{"address", "10.0.0.1", "a number"},
	} {
		err := CheckName(c.name, machine...)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.about, err, c.want)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\r\x00") {
			t.Errorf("%s: the error has more than a line: %q", c.about, err)
		}
	}
}

func TestCheckAddr(t *testing.T) {
	for addr, want := range map[string]string{
		"10.0.0.1": "", "127.0.0.1": "", "::1": "", "fd00::1": "", "::ffff:10.0.0.1": "",
		"0.0.0.0": "not the address of a machine", "::": "not the address of a machine", "::ffff:0.0.0.0": "not the address of a machine",
		"224.0.0.1": "several machines", "ff02::1": "several machines", "255.255.255.255": "several machines",
		"fe80::1%eth0": "one network interface", "": "empty",
	} {
		parsed, _ := netip.ParseAddr(addr) // invalid when there is none
		if err := CheckAddr(parsed); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got %v, want %q", addr, err, want)
		}
	}
}

// TestMergeRefuses checks that no invalid entry reaches a file, even if the caller did not use
// CheckName.
func TestMergeRefuses(t *testing.T) {
	for about, e := range map[string]Entry{
		"second line":  {"a", netip.MustParseAddr("10.0.0.1"), []string{"web.a.org\n10.0.0.9"}},
		"reserved":     {"a", netip.MustParseAddr("10.0.0.1"), []string{"web.localhost"}},
		"zone":         {"a", netip.MustParseAddr("fe80::1%eth0"), []string{"web.a.org"}},
		"no address":   {"a", netip.Addr{}, []string{"web.a.org"}},
		"among others": {"a", netip.MustParseAddr("10.0.0.1"), []string{"web.a.org", "b"}},
	} {
		if out, _, err := parsed(t, "").Merge("c", []Entry{e}); err == nil || out != nil {
			t.Errorf("%s: got %q, %v", about, out, err)
		}
	}
}

func TestCheckIngress(t *testing.T) {
	for addr, want := range map[string]string{
		"10.0.0.1": "", "192.168.64.16": "", "172.18.255.200": "", "203.0.113.9": "", "2001:db8::7": "", "fd00::1": "", "::ffff:10.0.0.1": "", "64:ff9b::a00:1": "", "2002:a00:1::1": "", "::ffff:0:a00:1": "",
		"127.0.0.1": "loopback", "127.9.9.9": "loopback", "::1": "loopback", "::ffff:127.0.0.1": "loopback",
		"64:ff9b::7f00:1": "another notation of 127.0.0.1", "::127.0.0.1": "another notation of 127.0.0.1",
		"::ffff:0:127.0.0.1": "another notation of 127.0.0.1", "2002:7f00:1::": "another notation of 127.0.0.1", "2002:a9fe:a9fe::1": "another notation of 169.254.169.254",
		"169.254.1.1": "link-local", "fe80::1": "link-local", "169.254.169.254": "credentials", "::ffff:169.254.169.254": "credentials",
		"fd00:ec2::254": "credentials", "fd20:ce::254": "credentials", "100.100.100.200": "credentials",
		"0.0.0.0": "not the address of a machine", "0.1.2.3": "not the address of a machine", "::": "not the address of a machine", "224.0.0.1": "several machines", "ff02::1": "several machines",
	} {
		if err := CheckIngress(netip.MustParseAddr(addr)); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got %v, want %q", addr, err, want)
		}
	}
}

func TestCheckDomain(t *testing.T) {
	for domain, want := range map[string]string{
		"bhs.orthweb.com": "", "orthweb.com": "", "Example.co.uk.": "", "web.bhs.internal": "", "mhr.github.io": "",
		"com": "any user", "co.uk": "any user", "CO.UK.": "any user", "github.io": "any user", "local": "any user", "": "any user",
		"*.bhs.org": "not support wildcards", "bhs..org": "is not a domain", "a b.org": "is not a domain", "10.0.0.1": "any user", "-x.org": "is not a domain",
	} {
		if err := CheckDomain(domain); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got %v, want %q", domain, err, want)
		}
	}
}

// TestKeep checks that lines that must not change stay, for every change.
func TestKeep(t *testing.T) {
	before, _ := merged(t, plainHosts, "c", "a 10.0.0.1 web.a.org", "a 10.0.0.1 dicom.a.org", "b 10.0.0.2 web.b.org")
	for _, c := range []struct {
		about string
		edit  Edit
		want  []string
	}{
		{"a name of a tenant with others", Edit{Entries: []Entry{entry("a 10.0.0.7 new.a.org")}, KeepNames: []string{"WEB.a.org"}},
			[]string{"a 10.0.0.7 new.a.org", "a 10.0.0.1 web.a.org", "b 10.0.0.2 web.b.org"}},
		{"a name of a tenant that goes", Edit{Remove: []string{"a"}, KeepNames: []string{"web.a.org"}}, []string{"a 10.0.0.1 web.a.org", "b 10.0.0.2 web.b.org"}},
		{"the names of a tenant that could not be read whole", Edit{Entries: []Entry{entry("a 10.0.0.7 web.a.org")}, KeepTenants: []string{"a"}},
			[]string{"a 10.0.0.1 dicom.a.org", "a 10.0.0.7 web.a.org", "b 10.0.0.2 web.b.org"}},
		{"nothing", Edit{Entries: []Entry{entry("a 10.0.0.7 web.a.org")}, Remove: []string{"b"}}, []string{"a 10.0.0.7 web.a.org"}},
	} {
		out, _, err := parsed(t, before).Apply("c", c.edit)
		if want, _ := merged(t, plainHosts, "c", c.want...); err != nil || string(out) != want {
			t.Errorf("%s: %v, got\n%s\nwant\n%s", c.about, err, out, want)
		}
	}
}
