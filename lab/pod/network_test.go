package pod

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// serveInside is a program that listens on all addresses, as Orthanc does.
func serveInside() error {
	l, err := net.Listen("tcp", "0.0.0.0:8042")
	if err != nil {
		return err
	}
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "from inside")
	}))
}

// enterNetwork starts this test as that program, and makes it reachable at the address.
func enterNetwork(t *testing.T) (addr string, cmd *exec.Cmd) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "POD_TEST_ENTER=network")
	cmd.ExtraFiles = []*os.File{f}
	cmd.Stderr = t.Output()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	Attributes(cmd.SysProcAttr, syscall.CLONE_NEWNET)
	err = cmd.Start()
	_, _ = l.Close(), f.Close()
	if err != nil && strings.Contains(err.Error(), "not permitted") {
		t.Skipf("this system allows its users no namespaces: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return l.Addr().String(), cmd
}

func TestTheNetworkIsReachedThroughTheRelayOnly(t *testing.T) {
	addr, cmd := enterNetwork(t)
	var text string
	if err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, 10*time.Second, true, func(context.Context) (bool, error) {
		if resp, err := http.Get("http://" + addr); err == nil {
			data, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			text = string(data)
		}
		return text != "", nil
	}); err != nil {
		t.Fatal("nothing answers at the listener")
	}
	if text != "from inside" {
		t.Errorf("it says %q", text)
	}
	if c, err := net.DialTimeout("tcp", "127.0.0.1:8042", time.Second); err == nil {
		_ = c.Close()
		t.Error("the program listens outside of its network")
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, 10*time.Second, true, func(context.Context) (bool, error) {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
		}
		return err != nil, nil
	}); err != nil {
		t.Fatal("the relay outlives the program")
	}
}

func TestRelayPassesTheEndOfEachDirection(t *testing.T) {
	// The server answers only when the client has sent everything.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		data, _ := io.ReadAll(c)
		_, _ = c.Write(append([]byte("got "), data...))
		_ = c.Close()
	}()
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = front.Close() }()
	go func() { _ = relay(front, l.Addr().String()) }()
	c, err := net.Dial("tcp", front.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(c, "all")
	_ = c.(*net.TCPConn).CloseWrite()
	if data, err := io.ReadAll(c); err != nil || string(data) != "got all" {
		t.Errorf("%q %v", data, err)
	}
}

func TestRelayClosesWithoutListener(t *testing.T) {
	gone := httptest.NewServer(nil)
	to := gone.Listener.Addr().String()
	gone.Close()
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = front.Close() }()
	go func() { _ = relay(front, to) }()
	c, err := net.Dial("tcp", front.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if data, err := io.ReadAll(c); len(data) > 0 || os.IsTimeout(err) {
		t.Errorf("%q %v", data, err)
	}
}
