//go:build linux

package plugin

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
)

// child runs the program in a process of its own, and gives its exit code, the most
// memory that was resident, in MiB, and what it wrote to standard error. The program's
// memory is collected as main has it.
func child(t *testing.T, args ...string) (code int, resident int64, stderr string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, self)
	cmd.Args = append([]string{"kubectl-orthweb"}, args...)
	cmd.Env = append(os.Environ(), "GOGC=50", "GOMEMLIMIT=1280MiB", "KUBECONFIG=none")
	var out bytes.Buffer
	cmd.Stderr = &out
	if err := cmd.Run(); ctx.Err() != nil || cmd.ProcessState == nil {
		t.Fatalf("%v: %v\n%s", args, err, out.String())
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("the memory of a child is unknown")
	}
	return cmd.ProcessState.ExitCode(), usage.Maxrss >> 10, out.String()
}

// TestServerMemory: whatever an API server sends, the program refuses it before one and
// a half times the limit is resident, beside what it needs itself.
func TestServerMemory(t *testing.T) {
	const answer, session = 64, 1024 // MiB: request.MaxList, collect's maxMemory
	_, base, _ := child(t, "version", "--client")
	for _, test := range []struct {
		name, path string
		fault      fakeapi.Fault
		limit      int64
		want       string
	}{
		{"lists without an end", "/apis?/.*/[a-z]+$", fakeapi.Endless(), answer, "the answer is larger than 64 MiB"},
		{"compressed lists without an end", "/apis?/.*/[a-z]+$", fakeapi.GzipBomb(), answer, "the answer is larger than 64 MiB"},
		{"discovery without an end", "^/apis?$", fakeapi.Endless(), answer, "the answer is larger than 8 MiB"},
		{"headers without an end", "/apis?/.*/[a-z]+$", fakeapi.EndlessHeaders(), answer, "the headers of the answer are larger than 256 KiB"},
		{"pages without an end", "/apis?/.*/[a-z]+$", fakeapi.Pages(20_000, 0), session, "1024 MiB of objects, the limit of one command"},
		{"nested arrays", "/apis?/.*/[a-z]+$", fakeapi.Deep(5_000_000), answer, "exceeded max depth"},
	} {
		t.Run(test.name, func(t *testing.T) {
			api, _ := exampleServer(t, "healthy", keepAll)
			api.Fail(test.path, test.fault)
			code, resident, stderr := child(t, "status", "--server="+api.URL, "--request-timeout=30s")
			t.Logf("%d MiB, %d of them the program's own", resident, base)
			if code != exitUnclear || !strings.Contains(stderr, test.want) {
				t.Errorf("exit %d, %s", code, stderr)
			}
			if most := memoryFactor * (base + test.limit*3/2); resident > most {
				t.Errorf("%d MiB were resident, want at most %d", resident, most)
			}
		})
	}
}
