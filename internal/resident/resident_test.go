//go:build linux

package resident_test

import (
	"path/filepath"
	"runtime"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/resident"
)

// TestPeakIsTheProgramsOwn measures a small program from a process that uses much memory.
func TestPeakIsTheProgramsOwn(t *testing.T) {
	const mebibyte = 1 << 20
	large := make([]byte, 200*mebibyte)
	for i := range large {
		large[i] = 1
	}
	meter, err := resident.NewMeter(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	report := filepath.Join(t.TempDir(), "report")
	cmd := meter.Command(t.Context(), report, "sh", "-c", "exit 3")
	out, _ := cmd.CombinedOutput()
	runtime.KeepAlive(large)
	if code := cmd.ProcessState.ExitCode(); code != 3 {
		t.Fatalf("exit status %d, want the program's own, 3: %s", code, out)
	}
	peak, err := resident.Peak(report)
	if err != nil {
		t.Fatal(err)
	}
	if peak < mebibyte/4 || peak > 50*mebibyte {
		t.Errorf("%d KiB of a shell that does nothing", peak>>10)
	}
}

// TestMeasuresWhatItUses measures a program that uses memory.
func TestMeasuresWhatItUses(t *testing.T) {
	const mebibyte = 1 << 20
	meter, err := resident.NewMeter(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	report := filepath.Join(t.TempDir(), "report")
	// dd allocates one block of the size in memory.
	if out, err := meter.Command(t.Context(), report, "dd", "if=/dev/zero", "of=/dev/null", "bs=100M", "count=1").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	peak, err := resident.Peak(report)
	if err != nil {
		t.Fatal(err)
	}
	if peak < 95*mebibyte || peak > 130*mebibyte {
		t.Errorf("%d MiB of a program that uses 95", peak/mebibyte)
	}
}

// TestNoReport checks that a program that did not run has no result.
func TestNoReport(t *testing.T) {
	meter, err := resident.NewMeter(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	report := filepath.Join(t.TempDir(), "report")
	if out, err := meter.Command(t.Context(), report, "/nonexistent").CombinedOutput(); err == nil {
		t.Errorf("no error: %s", out)
	}
	if _, err := resident.Peak(report); err == nil {
		t.Error("a peak without a report")
	}
}
