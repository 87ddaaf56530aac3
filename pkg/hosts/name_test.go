package hosts

import (
	"net/netip"
	"strings"
	"testing"
)

func TestCheckName(t *testing.T) {
	long := strings.Repeat("a", 63)
	rules := Rules{Domains: []string{"bhs.org", "Mhr.org."}, Machine: []string{"pacs1", "PACS1.bhs.org"}}
	anywhere := Rules{AnyDomain: true}
	for _, c := range []struct {
		about, name string
		rules       Rules
		want        string // "" for none
	}{
		{"below a domain", "Web.BHS.org", rules, ""},
		{"below another", "a-1.xn--bcher-kva.mhr.org", rules, ""},
		{"the domain itself", "bhs.org", rules, ""},
		{"the end of a word", "webbhs.org", rules, "not in an allowed domain (bhs.org, Mhr.org.)"},
		{"another domain", "web.example.org", rules, "not in an allowed domain"},
		{"no domain is allowed", "web.example.org", Rules{}, "not in an allowed domain (none)"},
		{"any domain is", "web.example.org", anywhere, ""},
		{"an empty domain allows none", "web.example.org", Rules{Domains: []string{""}}, "not in an allowed domain"},
		{"longest label", long + ".org", anywhere, ""},
		{"longer label", long + "a.org", anywhere, "64 characters, 63 is the most"},
		{"longest name", strings.Repeat(long+".", 3) + strings.Repeat("b", 61), anywhere, ""},
		{"longer name", strings.Repeat(long+".", 3) + strings.Repeat("b", 62), anywhere, "254 characters, 253 is the most"},
		{"empty", "", anywhere, "no domain"},
		{"single label", "web", anywhere, "no domain"},
		{"wildcard", "*.bhs.org", rules, "no wildcards"},
		{"wildcard inside", "a*b.bhs.org", rules, "no wildcards"},
		{"localhost", "LocalHost", anywhere, "the system needs"},
		{"localhost with a dot", "localhost.", anywhere, "the system needs"},
		{"below localhost", "web.localhost", anywhere, "the system needs"},
		{"localhost.localdomain", "localhost.localdomain", anywhere, "the system needs"},
		{"ip6-loopback", "ip6-loopback", anywhere, "the system needs"},
		{"ip6- with a domain", "ip6-x.bhs.org", anywhere, "the system needs"},
		{"broadcasthost", "broadcasthost", anywhere, "the system needs"},
		{"machine", "pacs1", rules, "own name"},
		{"machine with domain", "pacs1.bhs.org", rules, "own name"},
		{"last newline", "web.bhs.org\n", rules, "other characters"},
		{"second line", "web.bhs.org\n10.0.0.1 bank.org", rules, "can't go into"},
		{"carriage return", "web\r.bhs.org", rules, "other characters"},
		{"NUL", "web\x00.bhs.org", rules, "other characters"},
		{"space", "web bhs.org", anywhere, "other characters"},
		{"comment", "web#.bhs.org", rules, "other characters"},
		{"underscore", "a_b.bhs.org", rules, "other characters"},
		{"other script", "b\u00fccher.bhs.org", rules, "other characters"},
		{"Kelvin's sign", "\u212aorthweb.bhs.org", rules, "other characters"},
		{"not UTF-8", "\xff.bhs.org", rules, "other characters"},
		{"last dot", "web.bhs.org.", rules, "nothing between"},
		{"two dots", "web..bhs.org", rules, "nothing between"},
		{"dash first", "-web.bhs.org", rules, "dash"},
		{"dash last", "web-.bhs.org", rules, "dash"},
		{"address", "10.0.0.1", anywhere, "a number"},
	} {
		err := CheckName(c.name, c.rules)
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
		"0.0.0.0": "no machine", "::": "no machine", "::ffff:0.0.0.0": "no machine",
		"224.0.0.1": "many machines", "ff02::1": "many machines", "255.255.255.255": "many machines",
		"fe80::1%eth0": "one network card", "": "empty",
	} {
		parsed, _ := netip.ParseAddr(addr) // invalid when there is none
		if err := CheckAddr(parsed); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got %v, want %q", addr, err, want)
		}
	}
}

// TestMergeRefuses: a wrong entry reaches no file, though nobody asked CheckName.
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
