package remote

import "os/exec"

// endWithChildren has no effect on Windows: the programs that Git starts end when they can no
// longer write to it.
func endWithChildren(*exec.Cmd) {}
