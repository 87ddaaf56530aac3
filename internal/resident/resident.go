//go:build linux

// Package resident measures the maximum resident memory of a program.
//
// A test can't ask for the resource usage of a child that it starts itself: Go starts a child
// in the parent's memory (vfork(2)), and after the exec, Linux counts the maximum of the parent
// as the child's, too (getrusage(2), kernel's fs/exec.c, exec_mmap). So a small program starts
// the child.
package resident

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Meter runs programs and measures them.
type Meter struct {
	program string
}

// NewMeter compiles the measuring program into a directory.
func NewMeter(dir string) (Meter, error) {
	m := Meter{program: filepath.Join(dir, "measure")}
	cmd := exec.Command("go", "build", "-o", m.program, "github.com/digihunch/kubectl-orthweb/internal/resident/measure")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath")
	if out, err := cmd.CombinedOutput(); err != nil {
		return Meter{}, fmt.Errorf("compile the program that measures memory: %w: %s", err, out)
	}
	return m, nil
}

// Command returns a command that runs a program with arguments, in its environment and with its
// exit status, and that is killed when ctx ends. The file report contains the result when the
// command has ended.
func (m Meter) Command(ctx context.Context, report, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, m.program, append([]string{report, name}, args...)...)
}

// Peak reads a report: the maximum resident memory, in bytes.
func Peak(report string) (int64, error) {
	content, err := os.ReadFile(report)
	if err != nil {
		return 0, fmt.Errorf("read what was measured: %w", err)
	}
	kibibytes, err := strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read what was measured: %w", err)
	}
	return kibibytes << 10, nil
}
