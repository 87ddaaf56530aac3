// Package peers runs real DICOM peers for tests, each on loopback and until its test ends:
// Orthanc, DCMTK's servers, HAProxy and openssl, as packaged by Debian. Tests that run one
// have the build tag "peers": go test -tags peers. It also issues certificates.
package peers

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// Program returns the path of a program, or fails the test with instructions to install it.
func Program(t testing.TB, name string) string {
	t.Helper()
	for _, place := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(place); err == nil {
			return path
		}
	}
	t.Fatalf("%s is not installed: apt-get install dcmtk orthanc haproxy openssl curl dicom3tools", name)
	return ""
}

// Answer is what a client program printed, both streams together, and its exit
// status.
type Answer struct {
	Text   string
	Status int
}

// OK reports whether the program ended with exit status 0.
func (a Answer) OK() bool { return a.Status == 0 }

// Ask runs a client program to its end: echoscu, storescu, curl. A program that has
// not ended after a minute is killed, and its status is -1.
func Ask(t testing.TB, name string, args ...string) Answer {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), Program(t, name), args...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &out, time.Second
	timer := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	_ = cmd.Run() // the caller checks the status
	if cmd.ProcessState == nil {
		t.Fatalf("%s could not be started", name)
	}
	return Answer{Text: out.String(), Status: cmd.ProcessState.ExitCode()}
}

// Server is a program that listens until its test ends.
type Server struct {
	cmd    *exec.Cmd
	log    journal
	exited chan struct{}
}

// Log is the output so far.
func (s *Server) Log() string { return s.log.String() }

// Stop kills the server and waits until it exits.
func (s *Server) Stop() {
	_ = s.cmd.Process.Kill()
	<-s.exited
}

// Start starts a server and waits until all ports accept connections. Its output is logged
// when the test fails.
func Start(t testing.TB, ports []int, dir, name string, args ...string) *Server {
	t.Helper()
	s := &Server{cmd: exec.Command(Program(t, name), args...), exited: make(chan struct{})}
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = dir, &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.cmd.Wait(); close(s.exited) }()
	t.Cleanup(func() {
		s.Stop()
		if t.Failed() {
			t.Logf("%s printed:\n%s", name, s.Log())
		}
	})
	for _, port := range ports {
		s.await(t, name, port)
	}
	return s
}

// await polls a port until it accepts a connection.
func (s *Server) await(t testing.TB, name string, port int) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 20*time.Second, true, func(context.Context) (bool, error) {
		select {
		case <-s.exited:
			return false, errors.New("it has ended")
		default:
		}
		conn, err := net.Dial("tcp", Address(port))
		if err == nil {
			_ = conn.Close()
		}
		return err == nil, nil
	}); err != nil {
		t.Fatalf("%s does not listen at port %d: %v:\n%s", name, port, err, s.Log())
	}
}

// Address returns a port on loopback, as host:port.
func Address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// Port returns a port of [FreePort], which is reserved until the test ends.
func Port(t testing.TB) int {
	t.Helper()
	port, release, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return port
}

// FreePort returns a free port on loopback, below the ports that Linux assigns by itself, so
// that no other program uses it before the server does. Until release is called no other call
// returns it, also not in other processes: a UDP socket marks it as used.
func FreePort() (port int, release func(), err error) {
	for range 1000 {
		port := 20000 + rand.IntN(12000)
		mark, err := net.ListenPacket("udp", Address(port))
		if err != nil {
			continue
		}
		listener, err := net.Listen("tcp", Address(port))
		if err != nil {
			_ = mark.Close()
			continue
		}
		_ = listener.Close()
		return port, func() { _ = mark.Close() }, nil
	}
	return 0, nil, errors.New("no port is free")
}

// journal is a buffer that can be read during writes.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write appends.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}
