//go:build linux || darwin

package chart

import "golang.org/x/sys/unix"

// restrict lets the process open nothing, neither files nor connections, and limits its memory
// where the system supports it. This is a second barrier: the functions of templates open nothing,
// and watchMemory limits the memory. So a limit that a system rejects is no reason not to render.
func restrict() {
	for resource, limit := range limits() {
		_ = unix.Setrlimit(resource, &unix.Rlimit{Cur: limit, Max: limit})
	}
}
