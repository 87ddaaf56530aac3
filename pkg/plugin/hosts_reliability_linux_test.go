package plugin

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/internal/reliability"
)

const mhrLines = "192.0.2.2\tdicom.mhr.orthweb.com\n192.0.2.2\tweb.mhr.orthweb.com"

// attacks are the kinds of attempts to write invalid entries to the hosts file, and how often
// each was prevented.
type attacks struct {
	*testing.T
	rows []reliability.Row
}

// try counts an attempt.
func (t *attacks) try(row int, held bool, run hostsRun) {
	t.Helper()
	t.rows[row].Times++
	if held {
		t.rows[row].Held++
	} else {
		t.Errorf("%s: %v\n%s", t.rows[row].Tried, run.err, run)
	}
}

// TestHostsReliability tries to write invalid names, addresses and lines to the hosts file, and
// counts how often they were prevented.
func TestHostsReliability(t *testing.T) {
	a := &attacks{t, []reliability.Row{
		{Tried: "another tenant's host names", Promise: "not written, and the owner's lines stay"},
		{Tried: "public names and registrable domains, with --yes", Promise: "not written without --allow-domain"},
		{Tried: "a new domain, without a terminal and without a flag", Promise: "not written, and the flag is named"},
		{Tried: "an ingress at a loopback, link-local or metadata address", Promise: "not written without --allow-address"},
		{Tried: "a list that can't be read", Promise: "no line is removed"},
		{Tried: "a user's line inside the block", Promise: "refused with its line number, and nothing is changed"},
		{Tried: "a pipe, a link or a directory instead of a file next to the hosts file", Promise: "nothing hangs, and the hosts file is the old one or the new one"},
		{Tried: "wrong input for the step that sudo runs", Promise: "refused, and nothing is changed"},
	}}
	a.claimOtherTenants()
	a.claimPublicNames()
	a.claimNewDomains()
	a.leadToThisMachine()
	a.hideLists()
	a.addLines()
	a.replaceFiles()
	a.feedApply()
	reliability.Report(t, "hosts", a.rows)
}

// claimOtherTenants makes bhs name hosts of mhr.
func (t *attacks) claimOtherTenants() {
	t.Helper()
	old := localLine + block(`# tenant "mhr"`, mhrLines)
	for _, names := range [][]string{
		{"web.mhr.orthweb.com"}, {"WEB.MHR.orthweb.com"}, {"web.mhr.orthweb.com", "dicom.mhr.orthweb.com"}, {"new.mhr.orthweb.com"},
		{"bhs.mhr.orthweb.com"}, {"mhr-web.orthweb.com"}, {"mhr.orthweb.com"},
	} {
		for _, args := range [][]string{{"sync"}, {"sync", "bhs"}, {"sync", "mhr"}, {"sync", "-n", "bhs-orthweb"}} {
			api := hostsCluster(t.T)
			setHosts(t.T, api, "bhs", names...)
			setAddress(t.T, api, "bhs", "{ip: 6.6.6.6}")
			run := runHosts(t.T, api, old, append(args, "--yes", "--allow-domain=orthweb.com")...)
			t.try(0, !strings.Contains(run.file, "6.6.6.6") && strings.Contains(run.file, mhrLines), run)
		}
	}
}

// claimPublicNames makes mhr name public hosts.
func (t *attacks) claimPublicNames() {
	t.Helper()
	for _, name := range []string{"www.google.com", "mhr.com", "www.mhr.com", "co.uk", "com", "github.io", "mhr.co.uk"} {
		api := hostsCluster(t.T)
		setHosts(t.T, api, "mhr", name)
		run := runHosts(t.T, api, localLine, "sync", "mhr", "--yes")
		t.try(1, run.file == localLine && run.err != nil, run)
	}
}

// claimNewDomains makes mhr name hosts of a new domain.
func (t *attacks) claimNewDomains() {
	t.Helper()
	for _, name := range []string{"web.mhr.orthweb.com", "login.mhr.microsoft.com", "web.imaging.hospital.org"} {
		api := hostsCluster(t.T)
		setHosts(t.T, api, "mhr", name)
		run := runHosts(t.T, api, localLine, "sync", "mhr")
		t.try(2, run.file == localLine && run.err != nil && strings.Contains(run.errOut, "--allow-domain="), run)
	}
}

// leadToThisMachine sets addresses of mhr's load balancer that no load balancer has.
func (t *attacks) leadToThisMachine() {
	t.Helper()
	for _, ingress := range []string{"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "169.254.169.254", "fd00:ec2::254", "169.254.1.1", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "ff02::1"} {
		api := hostsCluster(t.T)
		setAddress(t.T, api, "mhr", "{ip: '"+ingress+"'}")
		run := runHosts(t.T, api, localLine, "sync", "mhr", "--yes")
		t.try(3, run.file == localLine && run.err != nil, run)
	}
}

// hideLists makes lists fail.
func (t *attacks) hideLists() {
	t.Helper()
	kept := localLine + block(`# tenant "mhr"`, mhrLines, `# tenant "old"`, "192.0.2.9\tweb.old.orthweb.com")
	for _, kind := range []string{"namespaces", "deployments", "statefulsets", "kustomizations", "helmreleases"} {
		for _, fault := range []fakeapi.Fault{fakeapi.Status(500, "InternalError", "x"), fakeapi.Status(403, "Forbidden", "x"), fakeapi.Truncate(20)} {
			api := hostsCluster(t.T)
			api.Fail("/"+kind+"$", fault)
			run := runHosts(t.T, api, kept, "sync", "--yes")
			t.try(4, strings.Contains(run.file, mhrLines) && run.has("192.0.2.9\tweb.old.orthweb.com"), run)
		}
	}
}

// addLines adds lines of the user to the block.
func (t *attacks) addLines() {
	t.Helper()
	for _, line := range []string{"# mine", "", "192.0.2.2\tnas.hospital.org", "192.0.2.2 web.mhr.orthweb.com nas", "192.0.2.2\tweb.mhr.orthweb.com # mine", "10.0.0.1 x"} {
		for _, command := range [][]string{{"sync", "--yes"}, {"remove"}, {"remove", "mhr"}, {"diff"}} {
			api := hostsCluster(t.T)
			before := localLine + block(`# tenant "mhr"`, mhrLines, line)
			run := runHosts(t.T, api, before, command...)
			t.try(5, run.file == before && run.err != nil && strings.Contains(run.err.Error(), "line 6 "), run)
		}
	}
}

// replaceFiles replaces files with other kinds of files.
func (t *attacks) replaceFiles() {
	t.Helper()
	old := localLine + block(`# tenant "mhr"`, mhrLines)
	for _, suffix := range []string{".lock", ".inplace", ".bak", ".new", ".bak.new"} {
		for _, create := range []func(string) error{
			func(path string) error { return unix.Mkfifo(path, 0o600) },
			func(path string) error { return os.Symlink("/dev/null", path) },
			func(path string) error { return os.Symlink("hosts", path) },
			func(path string) error { return os.Mkdir(path, 0o700) },
		} {
			path := filepath.Join(t.TempDir(), "hosts")
			run := hostsRun{err: os.WriteFile(path, []byte(old), 0o600)}
			if err := create(path + ".orthweb" + suffix); err != nil {
				t.Fatal(err)
			}
			streams, _, _, _ := genericiooptions.NewTestIOStreams()
			cmd := NewRoot(streams)
			cmd.SetArgs([]string{"hosts", "remove", "--hosts-file", path, "--block=fake"})
			run.err = cmd.ExecuteContext(context.Background())
			has, err := os.ReadFile(path)
			run.file = string(has)
			t.try(6, err == nil && (run.file == localLine && run.err == nil || run.file == old && run.err != nil), run)
		}
	}
}

// feedApply sends invalid input to the step under sudo.
func (t *attacks) feedApply() {
	t.Helper()
	for _, input := range []string{
		"", "{}", "x", `{"block":"c","content":"x"}`, `{"block":"c"}{"block":"c"}`, `{"block":"c","entries":[{"Tenant":"","Addr":"192.0.2.1","Names":["a.b.org"]}]}`,
		`{"block":"c","entries":[{"Tenant":"a","Addr":"192.0.2.1","Names":["a.b.org\n6.6.6.6 bank.org"]}]}`, `{"block":"c","entries":[{"Tenant":"a","Addr":"192.0.2.1","Names":["localhost"]}]}`,
		`{"block":"c","entries":[{"Tenant":"a","Addr":"224.0.0.1","Names":["a.b.org"]}]}`,
	} {
		path := filepath.Join(t.TempDir(), "hosts")
		if err := os.WriteFile(path, []byte(localLine), 0o600); err != nil {
			t.Fatal(err)
		}
		streams, in, _, _ := genericiooptions.NewTestIOStreams()
		in.WriteString(input)
		cmd := NewRoot(streams)
		cmd.SetArgs([]string{"hosts", "apply", "--hosts-file", path})
		run := hostsRun{err: cmd.ExecuteContext(context.Background())}
		has, err := os.ReadFile(path)
		run.file = string(has)
		t.try(7, err == nil && run.err != nil && run.file == localLine, run)
	}
}
