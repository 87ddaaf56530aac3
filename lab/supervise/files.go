package supervise

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// handOver returns the listeners of the ports as files for a process that will accept there.
// When the caller closes the files, the listeners are closed here.
func (s *supervisor) handOver(ports []string) (files []*os.File, err error) {
	for _, name := range ports {
		l := s.cfg.Ports.Listener(name).(*net.TCPListener)
		f, err := inherit(l)
		_ = l.Close()
		if err != nil {
			return files, fmt.Errorf("handing over the port of %s: %w", name, err)
		}
		files = append(files, f)
	}
	return files, nil
}

// inherit returns the listener as a file for another process. Unlike TCPListener.File it leaves
// the socket non-blocking when the file is passed on: another process with the same socket
// would block in accept.
func inherit(l *net.TCPListener) (*os.File, error) {
	raw, err := l.SyscallConn()
	if err != nil {
		return nil, err
	}
	var fd uintptr
	var errno syscall.Errno
	err = raw.Control(func(own uintptr) {
		fd, _, errno = syscall.Syscall(syscall.SYS_FCNTL, own, syscall.F_DUPFD_CLOEXEC, 0)
	})
	if errno != 0 {
		err = errors.Join(err, errno)
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(fd, l.Addr().String()), nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}
