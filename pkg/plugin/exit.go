package plugin

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
	exitYes     answer = 0
	exitNo      answer = 1
	exitUnclear answer = 2
	exitTimeout answer = 124
	// exitInterrupted is the code when the context was cancelled before there was an
	// answer: 128 plus SIGINT's number, as shells report it.
	exitInterrupted answer = 130
)

// answer is an exit code. A command returns one other than 0 as its error when it
// succeeded: its output has already told the reason.
type answer int

func (a answer) Error() string { return fmt.Sprintf("exit status %d", int(a)) }

// exitFor is the answer to "are they ready?": no if one is known not to be ready,
// unclear if one could not be judged.
func exitFor(verdicts []health.Status) error {
	code := exitYes
	for _, verdict := range verdicts {
		switch {
		case verdict == health.Ready:
		case verdict != health.Unknown:
			code = exitNo
		case code == exitYes:
			code = exitUnclear
		}
	}
	if code == exitYes {
		return nil
	}
	return code
}

// timedOut is the error of an expired --timeout.
type timedOut struct{ Err error }

func (t timedOut) Error() string { return t.Err.Error() }
func (t timedOut) Unwrap() error { return t.Err }

// exitCode returns the program's exit code for the result of a command, and prints an
// error that has not been printed yet. The name is the one that the caller uses.
func exitCode(err error, name string, stderr io.Writer) int {
	var code answer
	switch {
	case err == nil:
		return int(exitYes)
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, context.Canceled):
		return int(exitInterrupted)
	}
	escape.Fprintf(stderr, "error: %s\n", escape.Composed(escape.Lines(err.Error(), "  ")))
	if text, ok := advice.Of(err); ok {
		escape.Fprintf(stderr, "%s\n", escape.Composed(strings.ReplaceAll(text, usualName, name)))
	}
	var late timedOut
	if errors.As(err, &late) {
		return int(exitTimeout)
	}
	return int(exitUnclear)
}

// exitUnwritten is the exit code of a command whose standard output could not be
// written, whatever its result: the answer has not been read. When the reader has
// closed the pipe, as head(1) does, no error is printed.
func exitUnwritten(err, failed error, name string, stderr io.Writer) int {
	if err != nil && !strings.Contains(err.Error(), failed.Error()) { // printers wrap it in their own message
		_ = exitCode(err, name, stderr)
	}
	if errors.Is(failed, syscall.EPIPE) {
		return int(exitUnclear)
	}
	return exitCode(failed, name, stderr)
}
