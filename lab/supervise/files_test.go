package supervise

import (
	"net"
	"os/exec"
	"syscall"
	"testing"
)

func TestAnInheritedListenerDoesntBlock(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	f, err := inherit(l.(*net.TCPListener))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	cmd := exec.Command("/bin/true")
	cmd.ExtraFiles = append(cmd.ExtraFiles, f)
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), syscall.F_GETFL, 0)
	if errno != 0 || flags&syscall.O_NONBLOCK == 0 {
		t.Errorf("flags %o, %v: a process that has the socket would block in accept", flags, errno)
	}
}
