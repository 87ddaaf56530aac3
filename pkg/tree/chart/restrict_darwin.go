package chart

import "golang.org/x/sys/unix"

// limits of the process. macOS does not enforce one of memory.
func limits() map[int]uint64 {
	return map[int]uint64{unix.RLIMIT_CORE: 0, unix.RLIMIT_FSIZE: 0, unix.RLIMIT_NOFILE: 0}
}
