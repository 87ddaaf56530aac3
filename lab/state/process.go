package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// Process identifies one process uniquely: the system reuses pids.
type Process struct {
	Pid int `json:"pid"`
	// Start is the start time in clock ticks since the boot: field 22 of
	// /proc/PID/stat, see proc(5).
	Start uint64 `json:"start"`
	// Boot is the kernel's identifier of the boot that Start counts from.
	Boot string `json:"boot"`
}

// Identify identifies the process with the pid. It returns an error if there is none.
func Identify(pid int) (Process, error) {
	_, start, err := stat(pid)
	if err != nil {
		return Process{}, err
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return Process{}, fmt.Errorf("reading the boot's identifier: %w", err)
	}
	return Process{Pid: pid, Start: start, Boot: strings.TrimSpace(string(boot))}, nil
}

// Alive reports whether this process still runs. A zombie doesn't.
func (p Process) Alive() bool { return p.condition() != 0 }

// Paused reports whether the process is stopped by a signal.
func (p Process) Paused() bool { return p.condition() == 'T' }

func (p Process) condition() byte {
	if p.Pid <= 0 {
		return 0
	}
	now, err := Identify(p.Pid)
	if err != nil || now != p {
		return 0
	}
	letter, _, err := stat(p.Pid)
	if err != nil || letter == 'Z' || letter == 'X' {
		return 0
	}
	return letter
}

// Signal sends the signal to this process and not to another one that reused its pid: it opens
// the process (os.FindProcess holds a pidfd on Linux) before it compares the start time. A
// process that has ended isn't an error.
func (p Process) Signal(sig syscall.Signal) error {
	if p.Pid <= 0 {
		return nil
	}
	held, err := os.FindProcess(p.Pid)
	if err != nil {
		return fmt.Errorf("finding process %d: %w", p.Pid, err)
	}
	defer func() { _ = held.Release() }()
	if !p.Alive() {
		return nil
	}
	if err := held.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("sending %s to process %d: %w", sig, p.Pid, err)
	}
	return nil
}

// WaitGone waits until the process has ended, for at most the given time, and reports whether
// it has.
func (p Process) WaitGone(limit time.Duration) bool {
	return wait.PollUntilContextTimeout(context.Background(), 20*time.Millisecond, limit, true, func(context.Context) (bool, error) {
		return !p.Alive(), nil
	}) == nil
}

// stat reads the state letter and the start time of a process.
func stat(pid int) (letter byte, start uint64, err error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, fmt.Errorf("looking for process %d: %w", pid, err)
	}
	// The second field is the program's name in parentheses, which may contain blanks and
	// parentheses.
	end := bytes.LastIndexByte(data, ')')
	fields := strings.Fields(string(data[end+1:]))
	if end < 0 || len(fields) < 20 {
		return 0, 0, fmt.Errorf("reading /proc/%d/stat: unknown format %q", pid, data)
	}
	start, err = strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("reading the start time in /proc/%d/stat: %w", pid, err)
	}
	return fields[0][0], start, nil
}
