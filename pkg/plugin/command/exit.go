package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// The exit codes, as those of `kubectl diff`: yes, no, could not be determined; and
// that of timeout(1) for an expired --timeout.
const (
	Yes     Exit = 0
	No      Exit = 1
	Unclear Exit = 2
	Expired Exit = 124
	// Interrupted is the code when the context was cancelled before there was an
	// answer: 128 plus SIGINT's number, as shells report it.
	Interrupted Exit = 130
)

// Exit is an exit code. A command returns one other than 0 as its error when it succeeded:
// its output already has the reason.
type Exit int

func (a Exit) Error() string { return fmt.Sprintf("exit status %d", int(a)) }

// ExitFor is the answer to "are they ready?": no if one is known not to be ready, not
// determined if one could not be judged.
func ExitFor(verdicts []health.Status) error {
	code := Yes
	for _, verdict := range verdicts {
		switch {
		case verdict == health.Ready:
		case verdict != health.Unknown:
			code = No
		case code == Yes:
			code = Unclear
		}
	}
	if code == Yes {
		return nil
	}
	return code
}

// TimedOut is the error of an expired --timeout.
type TimedOut struct{ Err error }

func (t TimedOut) Error() string { return t.Err.Error() }

func (t TimedOut) Unwrap() error { return t.Err }

// Code returns the program's exit code for the result of a command, and prints an
// error that has not been printed yet. The name is the one that the caller uses.
func Code(err error, name string, stderr io.Writer) int {
	var code Exit
	switch {
	case err == nil:
		return int(Yes)
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, context.Canceled):
		return int(Interrupted)
	}
	escape.Fprintf(stderr, "error: %s\n", escape.Composed(escape.Lines(err.Error(), "  ")))
	if text, ok := advice.Of(err); ok {
		escape.Fprintf(stderr, "%s\n", escape.Composed(strings.ReplaceAll(text, UsualName, name)))
	}
	var late TimedOut
	if errors.As(err, &late) {
		return int(Expired)
	}
	return int(Unclear)
}

// CodeUnwritten is the exit code of a command whose standard output could not be
// written, whatever its result: the answer has not been read. When the reader has
// closed the pipe, as head(1) does, no error is printed.
func CodeUnwritten(err, failed error, name string, stderr io.Writer) int {
	if err != nil && !strings.Contains(err.Error(), failed.Error()) { // printers wrap it in their own message
		_ = Code(err, name, stderr)
	}
	if errors.Is(failed, syscall.EPIPE) {
		return int(Unclear)
	}
	return Code(failed, name, stderr)
}

// UsualName is the program's name in help texts and in findings, which users other than
// the caller may read.
const UsualName = "kubectl orthweb"
