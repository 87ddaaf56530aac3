package hosts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// These environment variables configure a child process.
const (
	childPath     = "HOSTS_TEST_PATH"     // the file to add a tenant to
	childTenant   = "HOSTS_TEST_TENANT"   // the tenant
	childKill     = "HOSTS_TEST_KILL"     // the number of the step before which to die
	childIsolated = "HOSTS_TEST_ISOLATED" // the test runs where its mounts are its own
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		os.Exit(child(path))
	}
	os.Exit(m.Run())
}

// child adds a tenant as the command would, and ends at the configured step.
func child(path string) int {
	if last, err := strconv.Atoi(os.Getenv(childKill)); err == nil {
		step = func(string) {
			if last--; last == 0 {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		}
	}
	got, err := Update(context.Background(), path, adding(os.Getenv(childTenant)))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Printf("%+v\n", got)
	return 0
}

func childCommand(path, tenant string, more ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), childPath+"="+path, childTenant+"="+tenant), more...)
	return cmd
}

// killed reports whether the child was killed at the step; if it has fewer steps, it has ended.
func killed(t *testing.T, path, tenant string, at int) bool {
	t.Helper()
	out, err := childCommand(path, tenant, childKill+"="+strconv.Itoa(at)).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return true
	}
	if err != nil {
		t.Fatalf("step %d: %v: %s", at, err, out)
	}
	return false
}

// isolated runs the test again in its own mount namespace, so that its mounts end with it, and
// reports whether this is that run. A user who isn't root gets a user namespace as well.
func isolated(t *testing.T) bool {
	t.Helper()
	if os.Getenv(childIsolated) != "" {
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			t.Fatal(err)
		}
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), childIsolated+"=yes")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) {
		t.Skipf("this system lets nobody but root mount: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	return false
}

func mount(t *testing.T, from, to, kind string, flags uintptr, data string) {
	t.Helper()
	if err := unix.Mount(from, to, kind, flags, data); err != nil {
		t.Fatalf("mounting %s%s at %s: %v", kind, from, to, err)
	}
	t.Cleanup(func() { _ = unix.Unmount(to, unix.MNT_DETACH) })
}
