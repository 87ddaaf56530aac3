package hosts

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const localLine = "127.0.0.1\tlocalhost\n"

// TestWriteUntrusted checks that the step under sudo validates all of its input.
func TestWriteUntrusted(t *testing.T) {
	const good = `{"block":"c","entries":[{"Tenant":"bhs","Addr":"192.0.2.1","Names":["web.bhs.org"]}]}`
	entry := func(tenant, addr, name string) string {
		return `{"block":"c","entries":[{"Tenant":"` + tenant + `","Addr":"` + addr + `","Names":["` + name + `"]}]}`
	}
	for _, c := range []struct{ about, input, file, message string }{
		{"right", good, localLine, ""},
		{"into a file with comments", good, "# mine\n\n::1 ip6-localhost # x\n", ""},
		{"nothing", "", localLine, "reading the change"},
		{"no JSON", `x`, localLine, "reading the change"},
		{"two documents", good + good, localLine, "more than one"},
		{"a field of another kind", `{"block":"c","path":"/etc/passwd"}`, localLine, "unknown field"},
		{"no block", `{"entries":[]}`, localLine, "names no block"},
		{"no tenant", entry("", "192.0.2.1", "web.bhs.org"), localLine, "names no tenant"},
		{"a second line in a name", entry("bhs", "192.0.2.1", `web.bhs.org\n6.6.6.6 bank.org`), localLine, "characters other than"},
		{"a reserved name", entry("bhs", "192.0.2.1", "localhost"), localLine, "reserved for the system"},
		{"a suffix", entry("bhs", "192.0.2.1", "co.uk"), localLine, "any user can register"},
		{"no address", entry("bhs", "x", "web.bhs.org"), localLine, "reading the change"},
		{"an address of many machines", entry("bhs", "224.0.0.1", "web.bhs.org"), localLine, "several machines"},
		{"two tenants", `{"block":"c","entries":[{"Tenant":"a","Addr":"192.0.2.1","Names":["x.bhs.org"]},{"Tenant":"b","Addr":"192.0.2.1","Names":["x.bhs.org"]}]}`, localLine, "belongs to two tenants"},
		{"a file of users", good, "root:x:0:0:root:/root:/bin/bash\n", "is not a line of a hosts file"},
		{"a script", good, "#!/bin/sh\nexec true\n", "is not a line of a hosts file"},
		{"a crontab", good, "0 5 * * * root true\n", "is not a line of a hosts file"},
		{"a unit", good, "[Service]\nExecStart=/bin/true\n", "is not a line of a hosts file"},
		{"a key", good, "ssh-ed25519 AAAA root@x\n", "is not a line of a hosts file"},
	} {
		t.Run(c.about, func(t *testing.T) {
			path := hostsFile(t, c.file)
			result, report, err := WriteUntrusted(t.Context(), strings.NewReader(c.input), path)
			has := content(t, path)
			if c.message == "" {
				if err != nil || !result.Changed || len(report.Added) != 1 || !strings.Contains(has, "192.0.2.1\tweb.bhs.org\n") || !strings.Contains(has, c.file) {
					t.Errorf("%v, %+v, %+v\nthe file: %s", err, result, report, has)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.message) || has != c.file {
				t.Errorf("got %v, want %q\nthe file: %s", err, c.message, has)
			}
			if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
				t.Errorf("%d files are beside it", len(entries)-1)
			}
		})
	}
	for _, path := range []string{"hosts", "../x/hosts", ""} {
		if _, _, err := WriteUntrusted(t.Context(), strings.NewReader(good), path); err == nil || !strings.Contains(err.Error(), "is not an absolute path") {
			t.Errorf("%q: %v", path, err)
		}
	}
}

// TestChangeApply checks that a change edits its block, removes tenants that must not stay in
// it, or removes the whole block, and changes no other block.
func TestChangeApply(t *testing.T) {
	const before = "127.0.0.1 localhost\n" +
		"# BEGIN kubectl-orthweb \"c\"\n# tenant \"a\"\n192.0.2.1\tweb.a.org\n# tenant \"b\"\n192.0.2.2\tweb.b.org\n# END kubectl-orthweb \"c\"\n" +
		"# BEGIN kubectl-orthweb \"other\"\n# tenant \"b\"\n192.0.2.9\tweb.b.com\n# END kubectl-orthweb \"other\"\n"
	entry := Entry{Tenant: "a", Addr: netip.MustParseAddr("192.0.2.7"), Names: []string{"web.a.org"}}
	for _, c := range []struct {
		about  string
		change Change
		has    []string
	}{
		{"entries", Change{Block: "c", Entries: []Entry{entry}}, []string{"192.0.2.7\tweb.a.org", "192.0.2.2\tweb.b.org"}},
		{"entries of all tenants", Change{Block: "c", Entries: []Entry{entry}, Only: []string{"a"}}, []string{"192.0.2.7\tweb.a.org"}},
		{"no entries, of all tenants", Change{Block: "c", Only: []string{"a"}}, []string{"192.0.2.1\tweb.a.org"}},
		{"a name that is kept", Change{Block: "c", Only: []string{"a"}, KeepNames: []string{"web.b.org"}}, []string{"192.0.2.1\tweb.a.org", "192.0.2.2\tweb.b.org"}},
		{"a tenant", Change{Block: "c", Remove: []string{"a"}}, []string{"192.0.2.2\tweb.b.org"}},
		{"the block", Change{Block: "c", RemoveBlock: true}, nil},
		{"a block that is not there", Change{Block: "x", RemoveBlock: true}, []string{"192.0.2.1\tweb.a.org", "192.0.2.2\tweb.b.org"}},
	} {
		after, _, err := c.change.Apply([]byte(before))
		if err != nil {
			t.Errorf("%s: %v", c.about, err)
			continue
		}
		var has []string
		for line := range strings.Lines(string(after)) {
			if strings.HasPrefix(line, "192.0.2.") && !strings.Contains(line, "web.b.com") {
				has = append(has, strings.TrimSpace(line))
			}
		}
		if !slices.Equal(has, c.has) || !strings.Contains(string(after), "192.0.2.9\tweb.b.com") {
			t.Errorf("%s: the file is %s", c.about, after)
		}
	}
	if _, _, err := (Change{Block: "c"}).Apply([]byte("# BEGIN kubectl-orthweb \"c\"\n")); err == nil {
		t.Error("a damaged file is changed")
	}
}
