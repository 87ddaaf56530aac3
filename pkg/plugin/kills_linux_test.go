package plugin

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/internal/reliability"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/file"
)

// killedWrite is a command that replaces files, and the condition that the files must meet
// whenever the program is killed.
type killedWrite struct {
	about, promise string
	args           []string
	// before prepares the working directory of the command.
	before func(t *testing.T, dir string)
	// whole reports whether a file is completely the old one or the new one.
	whole map[string]func(content []byte) error
}

// kills is the number of times at which the program is killed, evenly spaced over the duration
// of the command. Some are after its end, which does no harm.
const kills = 40

// TestKilledWrites kills the program during writes.
func TestKilledWrites(t *testing.T) {
	api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
	ca := newTestCA(t, "CA", fakeapi.Example(t, "healthy").Meta().At) // the server's time
	api.Put(ca.secret("bhs-orthweb", "int-ca-secret"))
	kubeconfig := api.Kubeconfig()
	const old = "old\n"
	oldFiles := func(names ...string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			for _, name := range names {
				writeTestFile(t, filepath.Join(dir, name), []byte(old))
			}
		}
	}
	oldOr := func(read func([]byte) error) func([]byte) error {
		return func(content []byte) error {
			if string(content) == old {
				return nil
			}
			return read(content)
		}
	}
	certificates := oldOr(func(content []byte) error {
		_, err := certs.ParseCertificates(content)
		return err
	})
	var rows []reliability.Row
	for _, w := range []killedWrite{
		{"status --save --force", "the snapshot is the old one or the new one, whole",
			[]string{"status", "--from=example:healthy", "--save=saved.tgz", "--force"}, oldFiles("saved.tgz"),
			map[string]func([]byte) error{"saved.tgz": oldOr(func(content []byte) error {
				_, err := file.Read(bytes.NewReader(content))
				return err
			})}},
		{"hosts remove", "the hosts file is the old one or the new one, to the byte",
			[]string{"hosts", "remove", "--block=lab", "--hosts-file=hosts"},
			func(t *testing.T, dir string) { writeTestFile(t, filepath.Join(dir, "hosts"), []byte(mutatedHosts)) },
			map[string]func([]byte) error{"hosts": func(content []byte) error {
				if text := string(content); text != mutatedHosts && text != "127.0.0.1\tlocalhost\n10.0.0.2\tother.example.org\n" {
					return fmt.Errorf("it is %q", text)
				}
				return nil
			}}},
		{"cert issue --force", "key and certificates are each the old or the new one, whole; no other user can read the key",
			[]string{"cert", "issue", "bhs", "--via=secret", "--key-algorithm=ecdsa", "--duration=1d", "--force", "--kubeconfig=" + kubeconfig},
			oldFiles("bhs.client.key", "bhs.client.crt", "bhs.ca.crt"),
			map[string]func([]byte) error{"bhs.client.crt": certificates, "bhs.ca.crt": certificates,
				"bhs.client.key": oldOr(func(content []byte) error {
					_, err := certs.DecodeKey(content)
					return err
				})}},
	} {
		row := reliability.Row{Tried: w.about + ", killed", Promise: w.promise}
		took := w.run(t, 0)
		for i := range kills {
			row.Times++
			if t.Run(fmt.Sprintf("%s/%d", w.about, i), func(t *testing.T) { w.run(t, max(1, took*time.Duration(i)/(kills-2))) }) {
				row.Held++
			}
		}
		rows = append(rows, row)
	}
	reliability.Report(t, "kills", rows)
}

// run runs the command in a new directory, kills it after the given time, and checks the files;
// without a time it lets the command end, and returns its duration.
func (w killedWrite) run(t *testing.T, after time.Duration) time.Duration {
	t.Helper()
	dir := t.TempDir()
	w.before(t, dir)
	cmd := exec.Command(os.Args[0], w.args...)
	cmd.Args[0], cmd.Dir = "kubectl-orthweb", dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	wasKilled := errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
	if err != nil && !wasKilled {
		t.Fatalf("%v: %s", err, out.String())
	}
	w.check(t, dir)
	return time.Since(began)
}

// check looks at each file of the directory.
func (w killedWrite) check(t *testing.T, dir string) {
	t.Helper()
	for name, whole := range w.whole {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = whole(content)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		// The file of a certificate gets its mode before its name.
		secret := strings.HasSuffix(entry.Name(), ".key") || bytes.Contains(content, []byte("PRIVATE KEY"))
		if secret && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may use %s: its mode is %v", entry.Name(), info.Mode())
		}
	}
}

// secret is the CA as cert-manager stores it.
func (a testCA) secret(namespace, name string) *unstructured.Unstructured {
	encode := base64.StdEncoding.EncodeToString
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
		"metadata": map[string]any{"namespace": namespace, "name": name},
		"data":     map[string]any{"tls.crt": encode(a.pem), "tls.key": encode(a.keyPEM), "ca.crt": encode(a.pem)},
	}}
}
