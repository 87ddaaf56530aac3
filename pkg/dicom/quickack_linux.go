package dicom

import (
	"net"
	"syscall"
)

// quickAck returns a function that makes the kernel acknowledge the next packet immediately.
// The setting does not last, so it must be called before each answer. DCMTK, and Orthanc with
// it, writes an answer in two parts, and by default delays the second until the first has
// been acknowledged (RFC 896), which Linux delays by 40 ms for alternating requests and
// answers. That would be 24 instances a second.
func quickAck(conn net.Conn) func() {
	if c, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = c.NetConn()
	}
	c, ok := conn.(syscall.Conn)
	if !ok {
		return func() {}
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return func() {}
	}
	set := func(fd uintptr) {
		// Sockets other than TCP don't have the option, and don't need it.
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1)
	}
	return func() { _ = raw.Control(set) }
}
