//go:build unix

package hosts

import "golang.org/x/sys/unix"

// asItIs has open(2) follow no link, and wait for nobody at the other end of a pipe.
const asItIs = unix.O_NOFOLLOW | unix.O_NONBLOCK
