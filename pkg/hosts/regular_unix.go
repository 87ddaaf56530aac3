//go:build unix

package hosts

import "golang.org/x/sys/unix"

// asItIs are flags of open(2): follow no link, and do not wait for the other end of a pipe.
const asItIs = unix.O_NOFOLLOW | unix.O_NONBLOCK
