package ui

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

// The limits of a command's output that is kept: lines, and the bytes of one line.
const (
	maxLines = 5000
	maxLine  = 16 << 10
)

// redrawTime is how often the output of a command is drawn at most.
const redrawTime = 50 * time.Millisecond

// feed is the output of a running command: the last lines of it. It is safe for concurrent
// use.
type feed struct {
	mu      sync.Mutex
	lines   []string
	part    []byte
	dropped int
	ended   bool
	code    int
	// more has a value while there is output that nobody has taken.
	more chan struct{}
	// cancel ends the command.
	cancel context.CancelFunc
}

func newFeed(cancel context.CancelFunc) *feed {
	return &feed{more: make(chan struct{}, 1), cancel: cancel}
}

// Write adds output. The last line is shown when it is complete, or when the command ends.
func (f *feed) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, piece := range bytes.SplitAfter(p, []byte("\n")) {
		whole := bytes.TrimSuffix(piece, []byte("\n"))
		f.part = append(f.part, whole[:min(len(whole), maxLine-len(f.part))]...)
		if len(whole) < len(piece) {
			f.flush()
		}
	}
	f.signal()
	return len(p), nil
}

// flush ends a line. Earlier results of text stay valid: no element is overwritten.
func (f *feed) flush() {
	f.lines = append(f.lines, string(f.part))
	f.part = f.part[:0]
	if len(f.lines) >= 2*maxLines {
		f.dropped += len(f.lines) - maxLines
		f.lines = append([]string(nil), f.lines[len(f.lines)-maxLines:]...)
	}
}

func (f *feed) signal() {
	select {
	case f.more <- struct{}{}:
	default:
	}
}

// end records the exit status of the command.
func (f *feed) end(code int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.part) > 0 {
		f.flush()
	}
	f.ended, f.code = true, code
	f.signal()
}

// feedText is what is kept of a command's output.
type feedText struct {
	lines []string // which the caller must not change
	// first is the number of the first one in the whole output, from 0 on.
	first int
	ended bool
	code  int
}

func (f *feed) text() feedText {
	f.mu.Lock()
	defer f.mu.Unlock()
	omitted := max(0, len(f.lines)-maxLines)
	return feedText{f.lines[omitted:], f.dropped + omitted, f.ended, f.code}
}

// feedMsg reports more output of a command.
type feedMsg struct {
	pane paneID
	from *feed
}

// wait returns the command that waits for more output.
func (f *feed) wait(pane paneID) tea.Cmd {
	return func() tea.Msg {
		<-f.more
		time.Sleep(redrawTime)
		return feedMsg{pane, f}
	}
}

// run starts a command of the program, whose output is for the pane. Commands that the user
// has started are printed before their output, and their outcome after it.
func (m *Model) run(pane paneID, args []string, style term.Style) (*feed, tea.Cmd) {
	ctx, cancel := context.WithCancel(m.ctx)
	f := newFeed(cancel)
	if pane == outputPane {
		_, _ = fmt.Fprintf(f, "$ %s\n", m.commandLine(args))
	}
	m.commands.Go(func() {
		defer cancel()
		code := m.services.Run(ctx, args, f, style)
		if pane == outputPane {
			_, _ = fmt.Fprintf(f, "The command %s.\n", outcomeOf(code))
		}
		f.end(code)
	})
	return f, f.wait(pane)
}
