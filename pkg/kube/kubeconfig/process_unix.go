//go:build !windows

package kubeconfig

import (
	"os/exec"
	"syscall"
)

// withoutTerminal starts a command in a session of its own: it can't open the terminal, also not as
// /dev/tty, so that a prompt fails instead of waiting. With the command, the programs that it started
// end.
func withoutTerminal(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
