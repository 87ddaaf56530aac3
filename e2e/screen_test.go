//go:build lab

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// How long a screen may take to show what a script waits for, and to be that of a golden file.
const (
	screenTimeout = 90 * time.Second
	goldenTimeout = 60 * time.Second
)

// runScreen drives a program in a terminal of tmux(1):
//
//	screen start COLUMNS ROWS COMMAND...  starts the command
//	screen keys KEY...                    presses keys, as `tmux send-keys` names them
//	screen resize COLUMNS ROWS
//	screen shows REGEXP                   waits until the screen matches
//	screen golden NAME                    compares the screen with testdata/screens/NAME.txt
//	screen ends STATUS                    waits until the command ends with the exit status
//
// ORTHWEB_UPDATE_SCREENS=1 writes the golden files.
func runScreen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: screen start|keys|resize|shows|golden|ends ARGUMENTS...")
	}
	s := screen{ts}
	switch args[0] {
	case "start":
		s.start(args[1], args[2], args[3:])
	case "keys":
		s.tmux(append([]string{"send-keys", "-t", "orthweb"}, args[1:]...)...)
	case "resize":
		s.tmux("resize-window", "-t", "orthweb", "-x", args[1], "-y", args[2])
	case "shows":
		s.await(args[1])
	case "golden":
		s.golden(args[1])
	case "ends":
		s.ends(args[1])
	default:
		ts.Fatalf("unknown command: screen %s", args[0])
	}
}

type screen struct{ ts *testscript.TestScript }

// work is a file of the script's directory, which is not that of the command.
func (s screen) work(name string) string { return filepath.Join(s.ts.Getenv("WORK"), name) }

// tmux runs tmux with a server of this terminal's own.
func (s screen) tmux(args ...string) string {
	cmd := exec.Command("tmux", append([]string{"-f", "/dev/null", "-S", s.ts.Getenv("SCREEN_SOCKET")}, args...)...)
	cmd.Env = []string{"HOME=" + s.ts.Getenv("HOME"), "PATH=" + s.ts.Getenv("PATH"), "TERM=xterm-256color", "LANG=C.UTF-8", "SHELL=/bin/sh"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.ts.Fatalf("tmux %v: %v: %s", args, err, out)
	}
	return string(out)
}

// start starts the command, whose exit status is written to a file.
func (s screen) start(columns, rows string, command []string) {
	script := "#!/bin/sh\nexport TERM=" + orDefault(s.ts.Getenv("SCREEN_TERM"), "xterm-256color") + "\n"
	for _, name := range []string{"KUBECONFIG", "PATH", "HOME", "NO_COLOR", "REPOSITORY"} {
		if value := s.ts.Getenv(name); value != "" {
			script += "export " + name + "='" + value + "'\n"
		}
	}
	script += "trap : INT\ncd '" + s.ts.MkAbs(".") + "'\n" + strings.Join(command, " ") + " 2>'" + s.work("screen.stderr") + "'\n" +
		"status=$?\ncd '" + s.work("") + "'\necho $status >screen.next\nmv screen.next screen.status\nsleep 600\n"
	s.ts.Check(os.WriteFile(s.work("screen.sh"), []byte(script), 0o700))
	_ = os.Remove(s.work("screen.status"))
	// A server that has just been ended may still own its socket.
	socket := s.work("tmux" + strconv.FormatInt(time.Now().UnixNano(), 36))
	s.ts.Setenv("SCREEN_SOCKET", socket)
	s.tmux("new-session", "-d", "-s", "orthweb", "-x", columns, "-y", rows, "sh "+s.work("screen.sh"))
	s.ts.Defer(func() {
		_ = exec.Command("tmux", "-S", socket, "kill-server").Run()
	})
}

func orDefault(value, other string) string {
	if value == "" {
		return other
	}
	return value
}

// text is the screen without trailing blanks.
func (s screen) text() string {
	lines := strings.Split(strings.TrimRight(s.tmux("capture-pane", "-p", "-t", "orthweb"), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// poll waits until done returns true.
func (s screen) poll(what string, timeout time.Duration, done func() bool) {
	for end := time.Now().Add(timeout); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			stderr, _ := os.ReadFile(s.work("screen.stderr"))
			s.ts.Fatalf("%s: not within %s:\n%s%s", what, timeout, s.text(), stderr)
		}
	}
}

func (s screen) await(pattern string) {
	match, err := regexp.Compile("(?m)" + pattern)
	s.ts.Check(err)
	s.poll(pattern, screenTimeout, func() bool { return match.MatchString(s.text()) })
}

// golden waits until the screen, of a recording, is that of the golden file.
func (s screen) golden(name string) {
	path := filepath.Join(s.ts.Getenv("REPOSITORY"), "e2e", "testdata", "screens", name+".txt")
	if os.Getenv("ORTHWEB_UPDATE_SCREENS") != "" {
		time.Sleep(2 * time.Second)
		s.ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
		s.ts.Check(os.WriteFile(path, []byte(s.text()), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	s.ts.Check(err)
	s.poll(name+" is\n"+string(want), goldenTimeout, func() bool { return s.text() == string(want) })
}

func (s screen) ends(status string) {
	s.poll("the end of the command", screenTimeout, func() bool {
		_, err := os.Stat(s.work("screen.status"))
		return err == nil
	})
	got, err := os.ReadFile(s.work("screen.status"))
	s.ts.Check(err)
	if strings.TrimSpace(string(got)) != status {
		stderr, _ := os.ReadFile(s.work("screen.stderr"))
		s.ts.Fatalf("exit status %s, want %s: %s", got, status, stderr)
	}
	s.tmux("kill-server")
}
