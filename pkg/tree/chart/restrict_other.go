//go:build !linux && !darwin

package chart

// restrict does nothing: Windows has no limits that a process can set for itself. The functions of
// templates open nothing, and watchMemory limits the memory.
func restrict() {}
