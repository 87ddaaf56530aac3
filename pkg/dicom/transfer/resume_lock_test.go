package transfer

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const resumeInUse = "another run uses it"

// TestResumeFileInUse has two runs with one file: the second must change nothing, including the
// line that the first is writing.
func TestResumeFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resume")
	first, err := openResume(path, "bhs")
	if err != nil {
		t.Fatal(err)
	}
	const half = `{"path":"/a","si`
	if _, err := first.out.WriteString(half); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil || !strings.HasSuffix(string(before), half) {
		t.Fatalf("%q, %v", before, err)
	}
	for _, server := range []string{"bhs", "mhs"} {
		if _, err := openResume(path, server); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), resumeInUse) {
			t.Errorf("for %s: %v", server, err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("%q became %q, %v", before, after, err)
	}
	if err := first.close(); err != nil {
		t.Fatal(err)
	}
	next, err := openResume(path, "bhs")
	if err != nil {
		t.Fatalf("after the first run: %v", err)
	}
	if err := next.close(); err != nil {
		t.Error(err)
	}
}

// TestRefusedResumeFileIsUnlocked checks that a file that is rejected as a resume file does not
// stay locked.
func TestRefusedResumeFileIsUnlocked(t *testing.T) {
	path := write(t, []byte(`{"orthwebResume":1,"server":"bhs"}`+"\n"), t.TempDir(), "resume")
	if _, err := openResume(path, "mhs"); err == nil {
		t.Fatal("another server's file was taken")
	}
	r, err := openResume(path, "bhs")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.close(); err != nil {
		t.Error(err)
	}
}

// resumeHeld is set in a separate process, which holds the resume file until it is killed.
const resumeHeld = "SEND_TEST_RESUME_HELD"

// TestResumeFileOfAnotherProcess checks that the lock ends with the process, even if it is
// killed.
func TestResumeFileOfAnotherProcess(t *testing.T) {
	if path := os.Getenv(resumeHeld); path != "" {
		if _, err := openResume(path, "bhs"); err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("open\n")
		_, _ = os.Stdin.Read(make([]byte, 1))
		t.Fatal("it was not killed")
	}
	path := filepath.Join(t.TempDir(), "resume")
	cmd := exec.Command(os.Args[0], "-test.run=^TestResumeFileOfAnotherProcess$")
	cmd.Env = append(os.Environ(), resumeHeld+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil { // nothing is written to it
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "open\n" {
		t.Errorf("the other process: %q, %v", line, err)
	}
	o := Options{Paths: []string{t.TempDir()}, Resume: path, Server: "bhs", Dial: func(context.Context) (net.Conn, error) {
		t.Error("a connection was made")
		return nil, errors.ErrUnsupported
	}}
	if _, err := Files(t.Context(), o); err == nil || !strings.Contains(err.Error(), resumeInUse) {
		t.Errorf("while it runs: %v", err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	r, err := openResume(path, "bhs")
	if err != nil {
		t.Fatalf("after it: %v", err)
	}
	if err := r.close(); err != nil {
		t.Error(err)
	}
}
