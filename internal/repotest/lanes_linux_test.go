package repotest

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestLanesInterrupted interrupts .ci/test as a terminal does: it ends, and the tests that it
// runs in the background end, too.
func TestLanesInterrupted(t *testing.T) {
	inRoot(t)
	started := t.TempDir()
	cmd := lanesCommand(t, strings.Fields(everything), "0",
		`trap 'echo >`+started+`/$1.ended; exit 143' TERM; echo >`+started+`/$1; sleep 60 & wait`)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	awaitFile(t, filepath.Join(started, "live"))
	awaitFile(t, filepath.Join(started, "lint"))
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit status %d", code)
	}
	awaitFile(t, filepath.Join(started, "live.ended"))
}

// awaitFile waits until the file exists.
func awaitFile(t *testing.T, file string) {
	t.Helper()
	for range 3000 {
		if _, err := os.Stat(file); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s was not written", file)
}
