//go:build lab

package e2e

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin"
)

// TestExamples runs every example of every help text on the lab, as a user would. Each
// may exit with 1 (not ready, not valid), but not with a higher status.
func TestExamples(t *testing.T) {
	var script strings.Builder
	// The script changes a copy of the hosts file.
	script.WriteString("cp /etc/hosts hosts && mount --bind hosts /etc/hosts || exit 3\n")
	count := 0
	for _, line := range examples(plugin.NewRoot(genericiooptions.NewTestIOStreamsDiscard())) {
		count++
		fmt.Fprintf(&script, "{ %s; } >out 2>&1 </dev/null\ncode=$?\n[ $code -le 1 ] || { echo \"exit status $code: $(cat <<'END'\n%s\nEND\n)\"; cat out; }\n", ended(line), line)
	}
	if count < 30 {
		t.Fatalf("only %d examples", count)
	}
	dir := t.TempDir()
	createInputs(t, dir)
	cmd := exec.Command("unshare", "-m", "sh", "-c", script.String())
	programs, err := filepath.Abs("../bin")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + dir, "KUBECONFIG=" + lab.kubeconfig + ":" + filepath.Join(dir, "prod"), "PATH=" + programs + ":" + lab.programs + ":" + os.Getenv("PATH")}
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// ended is an example as a script runs it, which must end: what follows the cluster is
// interrupted, and what needs a terminal gets one and the key q.
func ended(line string) string {
	words := strings.Fields(line)
	switch {
	case words[2] == "ui" && !slices.Contains(words, "--linear"):
		return "sleep 2 | { cat; printf q; } | TERM=xterm timeout 60 script -qec '" + line + "' /dev/null"
	case words[2] == "dashboard", words[2] == "exporter", words[2] == "logs" && slices.Contains(words, "-f"), slices.Contains(words, "--watch"):
		return "timeout --signal=INT 5 " + line + "; [ $? -eq 124 ]"
	}
	return line
}

// TestScriptsThatEndIt runs the scripts that leave the lab unusable. It is the last test
// of the last file, so that it runs after all others.
func TestScriptsThatEndIt(t *testing.T) { runScripts(t, "testdata/9*.txtar") }

// examples returns the examples of all help texts, in an order in which they work: first those
// that create the objects that others need, last those that remove them.
func examples(root *cobra.Command) []string {
	var lines []string
	var collect func(cmd *cobra.Command)
	collect = func(cmd *cobra.Command) {
		for _, line := range strings.Split(cmd.Example, "\n") {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "kubectl orthweb ") && !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
		for _, sub := range cmd.Commands() {
			collect(sub)
		}
	}
	collect(root)
	rank := func(line string) int {
		for i, word := range []string{" suspend ", " resume ", " issue ", " save ", " sync"} {
			if strings.Contains(line, word) {
				return i - 5
			}
		}
		if strings.Contains(line, " remove") {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(lines, func(a, b string) int { return rank(a) - rank(b) })
	return lines
}

// createInputs creates the files and objects that the examples name.
func createInputs(t *testing.T, dir string) {
	t.Helper()
	write := func(name string, content []byte) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("password", []byte("correct-horse\n"))
	write("prod", []byte("{apiVersion: v1, kind: Config, contexts: [{name: prod-east, context: {cluster: orthweb-lab, user: orthweb-lab}}]}\n"))
	write("korthweb/README.md", []byte("# A checkout\n"))
	var seed [32]byte
	_, _ = rand.Read(seed[:])
	for i, instance := range part10.NewTestStudy(seed, time.Now(), 3) {
		write(fmt.Sprintf("study/%d.dcm", i), instance.File)
	}
	kubectl := filepath.Join(lab.programs, "kubectl")
	for _, args := range [][]string{
		{"openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "scanner.key", "-subj", "/CN=scanner.bhs.orthweb.com", "-out", "scanner.csr"},
		{"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "mhr.client.key", "-subj", "/CN=dcmclient.mhr.orthweb.com", "-out", "mhr.client.crt"},
		{"sh", "-c", "git init --quiet korthweb && git init --quiet && git pull --quiet \"$(" + kubectl + " get gitrepository flux-system -n flux-system -o jsonpath='{.spec.url}')\" main"},
		{kubectl, "create", "secret", "generic", "orthanc-web", "-n", "bhs-orthweb", "--from-literal=password=orthanc"},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "KUBECONFIG="+lab.kubeconfig)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, bytes.TrimSpace(out))
		}
	}
	t.Cleanup(func() {
		cmd := exec.Command(kubectl, "delete", "secret", "orthanc-web", "-n", "bhs-orthweb", "--kubeconfig="+lab.kubeconfig)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}
