//go:build linux

package plugin

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/internal/reliability"
	"github.com/digihunch/kubectl-orthweb/internal/resident"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// child runs the program in a separate process, which a function like exec.CommandContext
// creates, and returns its exit code and its standard error. The garbage collector has the
// settings of main.
func child(t *testing.T, command func(context.Context, string, ...string) *exec.Cmd, args ...string) (code int, stderr string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// With this name the test binary runs as the program.
	program := filepath.Join(t.TempDir(), "kubectl-orthweb")
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := command(ctx, program, args...)
	cmd.Env = append(os.Environ(), "GOGC=50", "GOMEMLIMIT=1280MiB", "KUBECONFIG=none")
	var out bytes.Buffer
	cmd.Stderr = &out
	if err := cmd.Run(); ctx.Err() != nil || cmd.ProcessState == nil {
		t.Fatalf("%v: %v\n%s", args, err, out.String())
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// memoryRow measures memory: the program must reject any answer of an API server before its
// resident memory exceeds one and a half times the limit, plus its own memory.
func memoryRow(t *testing.T) []reliability.Row {
	t.Helper()
	row := reliability.Row{
		Tried:   "answers, lists, headers and discovery without an end, compressed and nested",
		Promise: "refused before 1.5 times the limit (64 MiB per answer, 1 GiB per command) was resident, in addition to the program's own memory",
	}
	const answer, session = 64, 1024 // MiB: request.MaxList, collect's maxMemory
	meter, err := resident.NewMeter(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	// peak is in MiB.
	measured := func(t *testing.T, args ...string) (code int, peak int64, stderr string) {
		report := filepath.Join(t.TempDir(), "report")
		code, stderr = child(t, func(ctx context.Context, name string, args ...string) *exec.Cmd {
			return meter.Command(ctx, report, name, args...)
		}, args...)
		peak, err := resident.Peak(report)
		if err != nil {
			t.Fatalf("%v\n%s", err, stderr)
		}
		return code, peak >> 20, stderr
	}
	_, base, _ := measured(t, "version", "--client")
	for _, test := range []struct {
		name, path string
		fault      fakeapi.Fault
		limit      int64
		want       string
	}{
		{"lists without an end", "/apis?/.*/[a-z]+$", fakeapi.Endless(), answer, "the answer is larger than the limit of 64 MiB"},
		{"compressed lists without an end", "/apis?/.*/[a-z]+$", fakeapi.GzipBomb(), answer, "the answer is larger than the limit of 64 MiB"},
		{"discovery without an end", "^/apis?$", fakeapi.Endless(), answer, "the answer is larger than the limit of 8 MiB"},
		{"headers without an end", "/apis?/.*/[a-z]+$", fakeapi.EndlessHeaders(), answer, "the headers of the answer are larger than the limit of 256 KiB"},
		{"pages without an end", "/apis?/.*/[a-z]+$", fakeapi.Pages(20_000, 0), session, "1024 MiB of objects, the limit of one command"},
		{"pages without an end, of which few fields are kept", "/apis?/.*/[a-z]+$", fakeapi.Pages(20_000, 0), answer, "2000 pages, the limit of one command"},
		{"nested arrays", "/apis?/.*/[a-z]+$", fakeapi.Deep(5_000_000), answer, "exceeded max depth"},
	} {
		t.Run(test.name, func(t *testing.T) {
			api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
			api.Fail(test.path, test.fault)
			row.Times++
			args := []string{"status", "--server=" + api.URL, "--request-timeout=280s"}
			if test.limit == session { // status keeps few fields of each object
				args[0] = "explain"
			}
			code, peak, stderr := measured(t, args...)
			t.Logf("%d MiB, %d of them the program's own", peak, base)
			if code != int(command.Unclear) || !strings.Contains(stderr, test.want) {
				t.Errorf("exit %d, %s", code, stderr)
			}
			if most := memoryFactor * (base + test.limit*3/2); peak > most {
				t.Errorf("%d MiB were resident, want at most %d", peak, most)
			}
			if !t.Failed() {
				row.Held++
			}
		})
	}
	return []reliability.Row{row}
}

// TestQuiet checks that one line and a hint are written if a server does not answer in time,
// and that client-go's log is written only on request.
func TestQuiet(t *testing.T) {
	for name, fault := range map[string]fakeapi.Fault{
		"no answer": fakeapi.Hang(), "a byte at a time": fakeapi.Drip(20 * time.Millisecond), "an answer that breaks off": fakeapi.Disconnect(40),
	} {
		t.Run(name, func(t *testing.T) {
			api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
			api.Fail("^/", fault)
			for _, command := range []string{"status", "reconcile bhs", "cert issue bhs", "version"} {
				args := append(strings.Split(command, " "), "--server="+api.URL, "--request-timeout=300ms")
				_, stderr := child(t, exec.CommandContext, args...)
				if lines := strings.Count(stderr, "\n"); lines != 2 || !strings.HasPrefix(stderr, "error: ") {
					t.Errorf("%s: %d lines:\n%s", command, lines, stderr)
				}
				if _, stderr = child(t, exec.CommandContext, append(args, "-v=6")...); strings.Count(stderr, "\n") < 3 {
					t.Errorf("%s -v=6:\n%s", command, stderr)
				}
			}
		})
	}
}
