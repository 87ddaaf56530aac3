//go:build linux || darwin

package chart

import "golang.org/x/sys/unix"

// restrict lets the process open nothing, neither files nor connections, and limits its memory
// where the system supports it.
func restrict() error {
	for resource, limit := range limits() {
		if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
			return err
		}
	}
	return nil
}
