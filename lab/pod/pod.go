// Package pod gives a process on the host the one file of a pod that no flag of Flux's
// controllers can replace: their namespace. With leader election they read it from
// NamespaceFile only (sigs.k8s.io/controller-runtime v0.24.1,
// pkg/leaderelection/leader_election.go).
//
// The process gets its own mount namespace, in which the file exists, and, if the user isn't
// root, a user namespace that allows it to mount. Nothing outside changes. In the same way
// Orthanc gets its own network.
package pod

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// NamespaceFile is the file in a pod that contains the name of its namespace.
const NamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// Command is the hidden command of orthweb-lab that calls Enter.
const Command = "in-pod"

// Attributes are the attributes to start a process that calls Enter, with CLONE_NEWNS, or
// EnterNetwork, with CLONE_NEWNET (namespaces(7)).
func Attributes(attr *syscall.SysProcAttr, namespace uintptr) {
	attr.Unshareflags |= namespace
	if os.Geteuid() == 0 {
		return
	}
	attr.Cloneflags |= syscall.CLONE_NEWUSER
	// The process is root inside of the namespace, to have these permissions, and only the user
	// outside.
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
}

// Enter writes the namespace's name to its file and becomes the program. It returns only with
// an error. It must run in a process that was started with Attributes.
func Enter(namespace, program string, args []string) error {
	runtime.LockOSThread()
	parent := os.Getppid()
	// /var/run is a link to /run on most systems; a controller that uses only loopback doesn't
	// need its content.
	run, err := filepath.EvalSymlinks("/var/run")
	if err != nil {
		return fmt.Errorf("finding /var/run: %w", err)
	}
	if err := syscall.Mount("lab", run, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, "size=64k"); err != nil {
		return fmt.Errorf("mounting a directory for %s in a mount namespace: %w", NamespaceFile, err)
	}
	if err := os.MkdirAll(filepath.Dir(NamespaceFile), 0o755); err != nil {
		return fmt.Errorf("creating the directory of %s: %w", NamespaceFile, err)
	}
	if err := os.WriteFile(NamespaceFile, []byte(namespace), 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", NamespaceFile, err)
	}
	if err := dieWithParent(parent); err != nil {
		return err
	}
	if err := syscall.Exec(program, append([]string{program}, args...), os.Environ()); err != nil {
		return fmt.Errorf("becoming %s: %w", program, err)
	}
	return nil
}

// dieWithParent makes the kernel kill this process when its parent ends. The parent has already
// requested that, but only for the first thread, and the thread that becomes the program may be
// another (prctl(2), PR_SET_PDEATHSIG).
func dieWithParent(parent int) error {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0); errno != 0 {
		return fmt.Errorf("asking to end with the supervisor: %w", errno)
	}
	if os.Getppid() != parent {
		return errors.New("the supervisor is gone")
	}
	return nil
}
