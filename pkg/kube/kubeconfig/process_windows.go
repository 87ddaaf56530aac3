package kubeconfig

import "os/exec"

// withoutTerminal has no effect on Windows: a command without standard input can't read the console
// through it, and the programs that it started end when they can no longer write to it.
func withoutTerminal(*exec.Cmd) {}
