package chart

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// limits of the process. That of data is about memory that can be written, besides that which Go
// has already mapped: Go reserves more addresses than it uses.
func limits() map[int]uint64 {
	limits := map[int]uint64{unix.RLIMIT_CORE: 0, unix.RLIMIT_FSIZE: 0}
	if statm, err := os.ReadFile("/proc/self/statm"); err == nil { // pages: size, resident, shared, text, lib, data
		if fields := bytes.Fields(statm); len(fields) > 5 {
			if pages, err := strconv.ParseUint(string(fields[5]), 10, 64); err == nil {
				limits[unix.RLIMIT_DATA] = pages*uint64(os.Getpagesize()) + maxMemory*3/2
			}
		}
	}
	limits[unix.RLIMIT_NOFILE] = 0
	return limits
}
