//go:build linux

// Command measure runs a program and writes its maximum resident memory, in KiB, to a file: the
// first argument names the file, the others are the program and its arguments.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
)

// cannotMeasure is the exit status if the program did not run or was not measured.
const cannotMeasure = 125

func main() {
	code, err := measure(os.Args[1], os.Args[2], os.Args[3:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
	}
	os.Exit(code)
}

func measure(report, name string, args []string) (int, error) {
	cmd := exec.Command(name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	// The kernel monitors the thread that started the program (prctl(2), PR_SET_PDEATHSIG).
	runtime.LockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return cannotMeasure, err
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return cannotMeasure, errors.New("the system measured nothing")
	}
	// ru_maxrss is in KiB on Linux (getrusage(2)).
	if err := os.WriteFile(report, []byte(strconv.FormatInt(usage.Maxrss, 10)), 0o600); err != nil {
		return cannotMeasure, err
	}
	return cmd.ProcessState.ExitCode(), nil
}
