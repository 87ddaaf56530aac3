package plugin

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/pkg/plugin/hosts"
)

// TestHostsApply: the step that runs under sudo trusts nothing that it is told.
func TestHostsApply(t *testing.T) {
	const good = `{"block":"c","entries":[{"Tenant":"bhs","Addr":"192.0.2.1","Names":["web.bhs.org"]}]}`
	entry := func(tenant, addr, name string) string {
		return `{"block":"c","entries":[{"Tenant":"` + tenant + `","Addr":"` + addr + `","Names":["` + name + `"]}]}`
	}
	for _, c := range []struct{ about, input, file, says string }{
		{"right", good, localLine, ""},
		{"into a file with comments", good, "# mine\n\n::1 ip6-localhost # x\n", ""},
		{"nothing", ``, localLine, "reading the change"},
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
			path := filepath.Join(t.TempDir(), "hosts")
			if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			streams, in, out, errOut := genericiooptions.NewTestIOStreams()
			in.WriteString(c.input)
			cmd := NewRoot(streams)
			cmd.SetArgs([]string{"hosts", "apply", "--hosts-file", path})
			err := cmd.ExecuteContext(context.Background())
			has, readErr := os.ReadFile(path)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if c.says == "" {
				if err != nil || !strings.Contains(string(has), "192.0.2.1\tweb.bhs.org\n") || !bytes.Contains(has, []byte(c.file)) {
					t.Errorf("%v\n%s%s\nthe file: %s", err, out, errOut, has)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.says) || string(has) != c.file {
				t.Errorf("got %v, want %q\n%s%s\nthe file: %s", err, c.says, out, errOut, has)
			}
			if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
				t.Errorf("%d files are beside it", len(entries)-1)
			}
		})
	}
	// Whatever becomes of these, the machine's own file is not the one that is named.
	t.Setenv(hosts.FileVariable, filepath.Join(t.TempDir(), "none"))
	for _, path := range []string{"hosts", "../x/hosts", ""} {
		streams, in, _, _ := genericiooptions.NewTestIOStreams()
		in.WriteString(good)
		cmd := NewRoot(streams)
		cmd.SetArgs([]string{"hosts", "apply", "--hosts-file=" + path})
		if err := cmd.ExecuteContext(context.Background()); err == nil || !strings.Contains(err.Error(), "is not an absolute path") {
			t.Errorf("%q: %v", path, err)
		}
	}
}
