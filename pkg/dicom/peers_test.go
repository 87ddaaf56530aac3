//go:build peers

package dicom

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// These tests run against DCMTK, Orthanc and dicom3tools as Debian has them:
// go test -tags peers ./pkg/dicom

// program finds a program, or says how to get it.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%v: apt-get install dcmtk orthanc dicom3tools", err)
	}
	return path
}

// output runs a program to its end.
func output(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(program(t, name), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// listening starts a server and waits until its port is open.
func listening(t testing.TB, port string, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(program(t, name), args...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-exited
		if t.Failed() {
			t.Logf("%s said:\n%s", name, log.String())
		}
	})
	for range 200 {
		if conn, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			_ = conn.Close()
			return
		}
		select {
		case err := <-exited:
			exited <- err
			t.Fatalf("%s ended: %v", name, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatalf("%s doesn't listen", name)
}

func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// storescp runs DCMTK's storescp, and tells its port and where files arrive.
func storescp(t testing.TB, args ...string) (port, dir string) {
	t.Helper()
	port, dir = freePort(t), t.TempDir()
	args = append(args, "--fork", "--verbose", "--output-directory", dir, "--aetitle", "STORESCP", port)
	listening(t, port, "storescp", args...)
	return port, dir
}

func dial(t testing.TB, port string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func peerOptions(called string, instances ...Meta) Options {
	return Options{Calling: "ORTHWEB", Called: called, Contexts: Propose(instances...)}
}

func open(t testing.TB, port string, o Options) *Association {
	t.Helper()
	a, err := Associate(context.Background(), dial(t, port), o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func store(a *Association, instance TestInstance) (Status, error) {
	return a.Store(context.Background(), instance.Meta, bytes.NewReader(instance.File[instance.DataOffset:]))
}

// anew is a study with UIDs of its own.
func anew(instances int) []TestInstance {
	var seed [32]byte
	copy(seed[:], fmt.Sprint(time.Now().UnixNano()))
	return NewTestStudy(seed, time.Now(), instances)
}

func release(t testing.TB, a *Association) {
	t.Helper()
	if err := a.Release(context.Background()); err != nil {
		t.Error(err)
	}
}

// arrived compares the data set that a peer wrote with the one that was sent.
func arrived(t testing.TB, dir, uid string, want []byte) {
	t.Helper()
	names, _ := filepath.Glob(filepath.Join(dir, "*"+uid))
	if len(names) != 1 {
		t.Fatalf("%d files arrived for %s", len(names), uid)
	}
	file, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	meta, err := ReadMeta(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file[meta.DataOffset:], want) {
		t.Errorf("the data set of %s arrived changed", uid)
	}
}
