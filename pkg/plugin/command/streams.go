package command

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"

	terminal "golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

// Stream is standard output or standard error of a command: it shows all control
// characters (escape.Writer), and keeps the first error of a write, because callers
// ignore most of them.
type Stream struct {
	*escape.Writer
	end *streamEnd
}

// streamEnd is where the bytes of a stream leave the program.
type streamEnd struct {
	w  io.Writer
	mu sync.Mutex
	// err is the first error of a write. Nothing is written after it.
	err error
}

// OutputError is the error of writing standard output.
type OutputError struct{ err error }

func (e *OutputError) Error() string { return "writing standard output: " + e.err.Error() }

func (e *OutputError) Unwrap() error { return e.err }

// NewStream wraps a writer, unless it is a stream already.
func NewStream(w io.Writer) *Stream {
	if s, ok := w.(*Stream); ok {
		return s
	}
	end := &streamEnd{w: w}
	return &Stream{Writer: escape.NewWriter(end), end: end}
}

// WrapStreams wraps both output streams of a command.
func WrapStreams(streams genericiooptions.IOStreams) genericiooptions.IOStreams {
	return genericiooptions.IOStreams{In: streams.In, Out: NewStream(streams.Out), ErrOut: NewStream(streams.ErrOut)}
}

func (e *streamEnd) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return 0, e.err
	}
	n, err := e.w.Write(p)
	return n, e.note(err)
}

func (e *streamEnd) note(err error) error {
	if err == nil {
		return nil
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err // "write /dev/stdout" repeats the prefix
	}
	e.err = &OutputError{err}
	return e.err
}

// Finish returns the error of the stream: that of its first failed write, or that of
// flushing it to the disk.
func (s *Stream) Finish() error {
	_ = s.Flush() // streamEnd keeps the error
	s.end.mu.Lock()
	defer s.end.mu.Unlock()
	if file, ok := s.end.w.(*os.File); ok && s.end.err == nil {
		return s.end.note(closeError(file))
	}
	return s.end.err
}

// TerminalOf is the terminal behind a writer.
func TerminalOf(w io.Writer) (*os.File, bool) {
	if s, ok := w.(*Stream); ok {
		w = s.end.w
	}
	file, ok := w.(*os.File)
	if !ok || !terminal.IsTerminal(int(file.Fd())) {
		return nil, false
	}
	return file, true
}

// Screen is a writer to a part of a terminal that the program draws.
type Screen interface {
	io.Writer
	// Style is the width of the part, and whether it may have colours.
	Style() term.Style
}

// ScreenOf is the part of a terminal behind a writer.
func ScreenOf(w io.Writer) (Screen, bool) {
	if s, ok := w.(*Stream); ok {
		w = s.end.w
	}
	screen, ok := w.(Screen)
	return screen, ok
}

// Fd is the file descriptor behind the stream, an invalid one if it has none.
func (s *Stream) Fd() uintptr {
	if file, ok := s.end.w.(*os.File); ok {
		return file.Fd()
	}
	return ^uintptr(0)
}
