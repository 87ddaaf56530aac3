package pod

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

// NetworkCommand and RelayCommand are the hidden commands of orthweb-lab that
// call EnterNetwork and Relay.
const (
	NetworkCommand = "in-network"
	RelayCommand   = "relay"
)

// JoinPorts formats ports as an argument of EnterNetwork.
func JoinPorts(ports []int) string {
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(ports)), ","), "[]")
}

// firstFile is the number of a process' first inherited file (os/exec.Cmd,
// ExtraFiles).
const firstFile = 3

// EnterNetwork becomes the program in a network namespace with only loopback, as a pod has its
// own network, and relays the connections of the listeners that this process inherited: those
// of the first listener to the first port, and so on. The ports are joined by commas; without
// ports nothing is relayed. Orthanc has no setting to listen on loopback only; in such a
// network it can't listen elsewhere. EnterNetwork returns only with an error. It must run in a
// process that was started with Attributes and CLONE_NEWNET; the relay ends with the program.
func EnterNetwork(ports string, program string, args []string) error {
	runtime.LockOSThread()
	parent := os.Getppid()
	if err := raiseLoopback(); err != nil {
		return fmt.Errorf("bringing up loopback in a network namespace: %w", err)
	}
	if ports != "" {
		if err := startRelay(ports); err != nil {
			return fmt.Errorf("starting the relay into that network: %w", err)
		}
	}
	if err := dieWithParent(parent); err != nil {
		return err
	}
	if err := syscall.Exec(program, append([]string{program}, args...), os.Environ()); err != nil {
		return fmt.Errorf("becoming %s: %w", program, err)
	}
	return nil
}

// startRelay starts the relay. It ends with the calling thread, that is, with the program that
// this process becomes.
func startRelay(ports string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	cmd := exec.Command(self, RelayCommand, ports)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	for i := range strings.Split(ports, ",") {
		f := os.NewFile(uintptr(firstFile+i), "listener")
		// The program must close them: otherwise clients would wait for a listener that accepts
		// nothing.
		defer func() { _ = f.Close() }()
		cmd.ExtraFiles = append(cmd.ExtraFiles, f)
	}
	return cmd.Start()
}

// raiseLoopback does the same as "ip link set lo up" (netdevice(7), SIOCSIFFLAGS).
func raiseLoopback() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = syscall.Close(fd) }()
	request := struct {
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP | syscall.IFF_RUNNING}
	copy(request.name[:], "lo")
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		return errno
	}
	return nil
}

// Relay forwards connections from the inherited listeners to the loopback ports, joined by
// commas, of this process's network, until one of them fails.
func Relay(ports string) error {
	list := strings.Split(ports, ",")
	failed := make(chan error, len(list))
	for i, port := range list {
		l, err := net.FileListener(os.NewFile(uintptr(firstFile+i), "listener"))
		if err != nil {
			return fmt.Errorf("taking over the listener for port %s: %w", port, err)
		}
		go func() { failed <- relay(l, net.JoinHostPort("127.0.0.1", port)) }()
	}
	return <-failed
}
