package status

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/internal/watched"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// pseudoTerminal is a terminal of a size, and what is shown on it.
func pseudoTerminal(t *testing.T, rows, columns uint16) (program *os.File, shown *watched.Output, resize func(rows, columns uint16)) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = user.Close() })
	if err := unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	resize = func(rows, columns uint16) {
		if err := unix.IoctlSetWinsize(int(user.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns}); err != nil {
			t.Fatal(err)
		}
	}
	resize(rows, columns)
	shown = watched.New()
	go func() { _, _ = io.Copy(shown, user) }()
	return program, shown, resize
}

// lastFrame is what a terminal shows last, of all that was written to it.
func lastFrame(text string) []string {
	frames := strings.Split(text, "\x1b[H")
	for _, frame := range frames[max(0, len(frames)-2):] {
		if before, ok := strings.CutSuffix(frame, "\x1b[J"); ok {
			text = before
		}
	}
	return strings.Split(strings.TrimSuffix(strings.ReplaceAll(text, "\r", ""), "\n"), "\n")
}

// until waits until the last frame is as it must be.
func until(t *testing.T, shown *watched.Output, what string, is func(frame []string) bool) {
	t.Helper()
	shown.WaitUntil(t, what, func(all string) bool { return is(lastFrame(all)) })
}

// TestWatchScreen checks that a terminal is redrawn in place: with changes marked, cut to its
// height, also after it was resized, and with a note while the server is away.
func TestWatchScreen(t *testing.T) {
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "1")
	program, shown, resize := pseudoTerminal(t, 24, 100)
	api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
	w := newWaiting(api.URL, time.Hour)
	w.wait, w.watch, w.interval = false, true, time.Second
	w.call.Streams.Out = command.NewStream(program)
	ctx, interrupt := context.WithCancel(t.Context())
	exit := make(chan int, 1)
	go func() { exit <- w.exit(ctx) }()

	until(t, shown, "table", func(frame []string) bool { return len(frame) == 3 && strings.HasPrefix(frame[1], "bhs ") })
	breakOrthanc(t, api)
	until(t, shown, "change", func(frame []string) bool {
		return len(frame) == 3 && strings.HasPrefix(frame[1], "bhs *") && strings.Contains(frame[1], "Progressing") && strings.Contains(frame[1], "was Ready")
	})
	resize(3, 60)
	if err := syscall.Kill(os.Getpid(), syscall.SIGWINCH); err != nil {
		t.Fatal(err)
	}
	until(t, shown, "smaller table", func(frame []string) bool {
		return len(frame) == 2 && strings.HasPrefix(frame[1], "… 2 more, 1 of them not ready")
	})
	resize(24, 100)
	api.Fail(".", fakeapi.Reset())
	api.EndWatches(true)
	until(t, shown, "note", func(frame []string) bool {
		return strings.HasPrefix(frame[len(frame)-2]+frame[len(frame)-1], "Stale for ") && strings.HasPrefix(frame[1], "bhs")
	})
	api.Recover()
	until(t, shown, "current state", func(frame []string) bool { return len(frame) == 3 })
	interrupt()
	if code := <-exit; code != int(command.Interrupted) || w.stderr.String() != "" {
		t.Errorf("exit status %d: %s", code, w.stderr)
	}
	until(t, shown, "clean end", func(frame []string) bool { return strings.HasSuffix(shown.String(), "\n\x1b[J") })
}
