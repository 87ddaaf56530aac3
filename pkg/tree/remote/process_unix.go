//go:build !windows

package remote

import (
	"os/exec"
	"syscall"
)

// endWithChildren ends the programs that a command started, too, when its context ends.
func endWithChildren(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
