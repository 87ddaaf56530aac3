//go:build peers

package sudo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
)

// nobody is the user who runs the program; rules is the directory from which sudo reads its
// rules.
const (
	nobody     = 65534
	nobodyName = "nobody"
	rules      = "/etc/sudoers.d"
	rulePrefix = "orthweb-e2e-"
	first      = "127.0.0.1\tlocalhost\n# mine\n"
)

// place is a directory that root owns. It contains all files of the test.
type place struct {
	dir, program, hosts, passwd string
	api                         *fakeapi.Server
}

// newPlace builds the program, and prepares a hosts file, a kubeconfig and sudo's rules.
func newPlace(t *testing.T) *place {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("the test adds a rule to /etc/sudoers.d: run it as root")
	}
	dir, err := os.MkdirTemp("", "orthweb-sudo-") // not t.TempDir: other users could not read it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &place{
		dir: dir, program: filepath.Join(dir, "kubectl-orthweb"),
		hosts: filepath.Join(dir, "etc", "hosts"), passwd: filepath.Join(dir, "etc", "passwd"),
	}
	build := exec.Command("go", "build", "-o", p.program, "../../cmd/kubectl-orthweb")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath -buildvcs=false")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, d := range []string{dir, filepath.Join(dir, "etc")} {
		if err := errors.Join(os.MkdirAll(d, 0o755), os.Chmod(d, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	p.write(t, p.hosts, first, 0o644)
	p.write(t, p.passwd, "root:x:0:0:root:/root:/bin/sh\n", 0o644)
	if err := os.Chown(p.hosts, 0, 12); err != nil { // the name identifies the file later
		t.Fatal(err)
	}
	p.api = fakeapi.New(t, objects(t)...)
	p.write(t, p.kubeconfig(), fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: e2e, users: [{name: e2e, user: {}}],
contexts: [{name: e2e, context: {cluster: e2e, user: e2e}}], clusters: [{name: e2e, cluster: {server: %q}}]}
`, p.api.URL), 0o644)
	if err := syscall.Mkfifo(p.trap(), 0o644); err != nil {
		t.Fatal(err)
	}
	p.allow(t)
	return p
}

func (p *place) kubeconfig() string { return filepath.Join(p.dir, "kubeconfig") }

// trap is the kubeconfig that the step under sudo gets: a process that opens it waits forever.
func (p *place) trap() string { return filepath.Join(p.dir, "trap") }

func (p *place) write(t *testing.T, path, content string, mode fs.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, []byte(content), mode), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
}

// allow adds a rule by which nobody may run the step as root, on two files, until the test
// ends. The rule also sets a KUBECONFIG that never ends when it is read. The rule is checked
// before it is installed, and allow first removes rules that a killed test left.
func (p *place) allow(t *testing.T) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(rules, rulePrefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	var rule strings.Builder
	env := filepath.Join(p.dir, "env")
	p.write(t, env, "KUBECONFIG="+p.trap()+"\n", 0o644)
	fmt.Fprintf(&rule, "Defaults:%s env_file=%s\n%s ALL=(root) NOPASSWD: /usr/bin/printenv KUBECONFIG\n", nobodyName, env, nobodyName)
	for _, path := range []string{p.hosts, p.passwd} {
		fmt.Fprintf(&rule, "%s ALL=(root) NOPASSWD: %s hosts apply --hosts-file\\=%s\n", nobodyName, p.program, path)
	}
	draft := filepath.Join(p.dir, "rule")
	p.write(t, draft, rule.String(), 0o440)
	checkRules(t, "-cf", draft)
	path := filepath.Join(rules, fmt.Sprintf("%s%d", rulePrefix, os.Getpid()))
	t.Cleanup(func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
		checkRules(t, "-c")
	})
	p.write(t, path, rule.String(), 0o440)
	checkRules(t, "-c")
	if err := os.Remove(draft); err != nil {
		t.Fatal(err)
	}
}

func checkRules(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("visudo", args...).CombinedOutput(); err != nil {
		t.Fatalf("visudo %v: %v\n%s", args, err, out)
	}
}

// objects are a tenant with an address.
func objects(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	for _, text := range []string{
		`{apiVersion: v1, kind: Namespace, metadata: {name: bhs-orthweb, labels: {workload: orthweb, org: bhs}}}`,
		`{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: web-gw, namespace: bhs-orthweb}, spec: {selector: {istio: ingressgateway}, servers: [{hosts: [web.bhs.orthweb.com], port: {name: http, number: 80, protocol: HTTP}}]}}`,
		`{apiVersion: v1, kind: Service, metadata: {name: ingress, namespace: bhs-orthweb}, spec: {type: LoadBalancer, selector: {istio: ingressgateway}, ports: [{port: 80}]}, status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}}`,
	} {
		obj := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(text), &obj.Object); err != nil {
			t.Fatal(err)
		}
		all = append(all, obj)
	}
	return all
}

// run runs a command as nobody, without a terminal.
func (p *place) run(t *testing.T, input string, args ...string) (code int, output string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = p.dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=/nonexistent", "KUBECONFIG=" + p.kubeconfig(), "ORTHWEB_HOSTS_FILE=" + p.hosts}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}, Setsid: true}
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// files are the files in the directory: owner, mode and content of each.
func (p *place) files(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(p.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path == p.program || path == p.trap() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		stat := info.Sys().(*syscall.Stat_t)
		found[strings.TrimPrefix(path, p.dir+"/")] = fmt.Sprintf("%d:%d %v\n%s", stat.Uid, stat.Gid, info.Mode(), content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// differ are the files that have changed, sorted.
func differ(before, after map[string]string) []string {
	var names []string
	for name := range after {
		if before[name] != after[name] {
			names = append(names, name)
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestSync checks that a user without rights can write the file through sudo: the program
// writes all of it, keeps its owner and mode, and undo restores the first file. Only the step
// that writes runs as root: it reads no kubeconfig, although one exists, connects to no server,
// and changes no other file.
func TestSync(t *testing.T) {
	p := newPlace(t)
	if code, out := p.run(t, "", "sudo", "-n", "--", "/usr/bin/printenv", "KUBECONFIG"); code != 0 || strings.TrimSpace(out) != p.trap() {
		t.Fatalf("under sudo KUBECONFIG is %q, exit status %d", out, code)
	}
	before := p.files(t)
	if code, out := p.run(t, "", p.program, "hosts", "sync", "--yes"); code != 2 || !strings.Contains(out, "nothing was written") || len(differ(before, p.files(t))) > 0 {
		t.Errorf("without --sudo: exit status %d, %v\n%s", code, differ(before, p.files(t)), out)
	}
	requested := len(p.api.Requests())
	code, out := p.run(t, "", p.program, "hosts", "sync", "--sudo", "--yes")
	after := p.files(t)
	const (
		line  = "192.0.2.1\tweb.bhs.orthweb.com\n"
		whole = "0:12 -rw-r--r--\n" + first
	)
	if code != 0 || !strings.HasPrefix(after["etc/hosts"], whole) || !strings.Contains(after["etc/hosts"], line) || after["etc/hosts.orthweb.bak"] != whole {
		t.Fatalf("exit status %d\n%s\nthe file: %s\nthe backup: %s", code, out, after["etc/hosts"], after["etc/hosts.orthweb.bak"])
	}
	if changed := differ(before, after); strings.Join(changed, " ") != "etc/hosts etc/hosts.orthweb.bak" {
		t.Errorf("these files were changed: %v", changed)
	}
	if more := len(p.api.Requests()) - requested; more != requested {
		t.Errorf("%d requests, without writing %d", more, requested)
	}
	if code, out := p.run(t, "", p.program, "hosts", "remove", "--sudo"); code != 0 || p.files(t)["etc/hosts"] != whole {
		t.Errorf("remove: exit status %d\n%s\nthe file: %s", code, out, p.files(t)["etc/hosts"])
	}
}

// TestApply checks that a user who may run the step as root can only write lines of a hosts
// file into a hosts file.
func TestApply(t *testing.T) {
	p := newPlace(t)
	entry := func(addr, name string) string {
		return `{"block":"e2e","entries":[{"Tenant":"bhs","Addr":"` + addr + `","Names":["` + name + `"]}]}`
	}
	good := entry("192.0.2.1", "web.bhs.orthweb.com")
	before := p.files(t)
	for _, c := range []struct{ about, file, input, message string }{
		{"no input", p.hosts, "", "reading the change"},
		{"no change", p.hosts, "{}", "names no block"},
		{"another field", p.hosts, `{"block":"e2e","content":"x"}`, "unknown field"},
		{"a second line", p.hosts, entry("192.0.2.1", `web.bhs.org\n6.6.6.6 bank.org`), "characters other than"},
		{"a reserved name", p.hosts, entry("192.0.2.1", "localhost"), "reserved for the system"},
		{"a public suffix", p.hosts, entry("192.0.2.1", "co.uk"), "any user can register"},
		{"not the address of a machine", p.hosts, entry("0.0.0.0", "web.bhs.org"), "not the address of a machine"},
		{"no address", p.hosts, entry("x", "web.bhs.org"), "reading the change"},
		{"a file of users", p.passwd, good, "is not a line of a hosts file"},
		{"a file that sudo does not allow", "/etc/passwd", good, "password is required"},
	} {
		code, out := p.run(t, c.input, "sudo", "-n", "--", p.program, "hosts", "apply", "--hosts-file="+c.file)
		if changed := differ(before, p.files(t)); code == 0 || !strings.Contains(out, c.message) || len(changed) > 0 {
			t.Errorf("%s: exit status %d, want %q, changed %v\n%s", c.about, code, c.message, changed, out)
		}
	}
	code, out := p.run(t, good, "sudo", "-n", "--", p.program, "hosts", "apply", "--hosts-file="+p.hosts)
	content, err := os.ReadFile(p.hosts)
	if code != 0 || err != nil || !bytes.Contains(content, []byte("192.0.2.1\tweb.bhs.orthweb.com\n")) {
		t.Errorf("what is right: exit status %d, %v\n%s\nthe file: %s", code, err, out, content)
	}
}
