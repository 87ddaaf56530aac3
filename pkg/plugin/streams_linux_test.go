package plugin

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// openTerminal opens a pseudo terminal (pty(7)): the second file reads what is written to the
// first.
func openTerminal(t *testing.T) (terminal, screen *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(int(screen.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: 500})
	}
	if err == nil {
		terminal, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return terminal, screen
}

// onTerminal returns the output of a command on a terminal.
func onTerminal(t *testing.T, stdin []byte, args ...string) string {
	t.Helper()
	terminal, screen := openTerminal(t)
	text := make(chan string)
	go func() {
		var all bytes.Buffer
		_, _ = all.ReadFrom(screen) // it ends with EIO when the terminal is closed
		text <- all.String()
	}()
	Run(context.Background(), append([]string{"kubectl-orthweb"}, args...),
		genericiooptions.IOStreams{In: bytes.NewReader(stdin), Out: terminal, ErrOut: &bytes.Buffer{}})
	if err := terminal.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(<-text, "\r\n", "\n") // the line ends of the terminal
}

// TestTerminal checks that output of templates is escaped on a terminal like all other output,
// and that the only escape sequences are the program's own colours.
func TestTerminal(t *testing.T) {
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	objects := recordedObjects(t, "failing")
	own := strings.NewReplacer("\x1b[0m", "", "\x1b[1m", "", "\x1b[31m", "", "\x1b[32m", "", "\x1b[33m", "", "\x1b[35m", "", "\x1b[36m", "")
	payload := "\x1b]0;title\x07\x1b[34mblue\x1b[7m" // colours that the program has not
	for name, text := range payloads {
		if name != "a colour and the title" {
			payload += text
		}
	}
	cluster := hostileClusters(t, objects, payload)["names"]
	for _, f := range formsOf(t) {
		text := onTerminal(t, cluster, f.args...)
		if f.args[0] == "report" && f.format == "" { // a page of HTML is for files
			continue
		}
		if found := control(own.Replace(text)); found != "" || text == "" && runWith(cluster, f.args...).out != "" {
			t.Errorf("%q: the terminal gets %s in %q", f.args, found, text)
		}
	}
	if text := onTerminal(t, nil, "status", "--from=example:failing"); !strings.Contains(text, "\x1b[31mFailing\x1b[0m") {
		t.Errorf("a terminal gets no colours: %q", text)
	}
	raw := "a\x1b\u009b\u202e\r"
	edited := clone(t, objects)
	for _, obj := range edited {
		edit(obj, "", func(_, text string) string { return strings.ReplaceAll(text, "bhs", "bhs"+raw) })
	}
	if r := runWith(document(t, edited), "status", "--from=-", "--assume-complete", "-o", "jsonpath={.items[*].metadata.name}"); !strings.Contains(r.out, raw) {
		t.Errorf("a script gets %q, not the bytes", r.out)
	}
}

// TestHelpOnTerminal checks that help is wrapped at kubectl's widths.
func TestHelpOnTerminal(t *testing.T) {
	for _, args := range [][]string{{"status", "--help"}, {"help", "status"}, {"options"}} {
		plain, text := runWith(nil, args...).out, onTerminal(t, nil, args...)
		if strings.Join(strings.Fields(plain), " ") != strings.Join(strings.Fields(text), " ") {
			t.Errorf("%q says something else on a terminal:\n%s", args, text)
		}
		longest := 0
		for line := range strings.Lines(text) {
			longest = max(longest, len(line))
		}
		if longest < 100 || longest > 150 { // except for tabs and words without a space
			t.Errorf("%q: the longest line of a terminal of 500 columns has %d", args, longest)
		}
	}
}

// TestRealOutputErrors runs the program with the kernel's full disk, and with a pipe without a
// reader: the first is an error, the second ends the program with SIGPIPE, as it does kubectl.
func TestRealOutputErrors(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = full.Close() }()
	for _, args := range [][]string{
		{"status", "--from=example:failing", "-o", "name"}, {"explain", "--from=example:failing"}, {"--help"}, {"version", "--client"}, {"completion", "bash"},
	} {
		run := func(out *os.File) (string, *os.ProcessState) {
			var errs bytes.Buffer
			cmd := &exec.Cmd{Path: self, Args: append([]string{"kubectl-orthweb"}, args...), Stdout: out, Stderr: &errs, Env: append(os.Environ(), "KUBECONFIG=none")}
			_ = cmd.Run() // the process state shows it
			return errs.String(), cmd.ProcessState
		}
		if errs, state := run(full); errs != "error: writing standard output: no space left on device\n" || state.ExitCode() != int(command.Unclear) {
			t.Errorf("%q > /dev/full: %v, %q", args, state, errs)
		}
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := reader.Close(); err != nil {
			t.Fatal(err)
		}
		errs, state := run(writer)
		if status, ok := state.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGPIPE || errs != "" {
			t.Errorf("%q into a closed pipe: %v, %q", args, state, errs)
		}
		if err := writer.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
