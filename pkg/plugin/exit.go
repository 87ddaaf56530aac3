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
	exitYes     = 0
	exitNo      = 1
	exitUnclear = 2
	exitTimeout = 124
)

// ExitInterrupted is Run's code when its context was cancelled before it had an
// answer: 128 plus SIGINT's number, as shells report it.
const ExitInterrupted = 130

// answer is the exit code other than 0 of a command that succeeded: its output has
// already told the reason.
type answer int

func (a answer) Error() string { return fmt.Sprintf("exit status %d", int(a)) }

// exitFor is the answer to "are they ready?": no if one is known not to be ready,
// unclear if one could not be judged.
func exitFor(verdicts []health.Status) error {
	code := answer(exitYes)
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

// outOfTime is the error of an expired --timeout.
type outOfTime struct{ error }

func (o outOfTime) Unwrap() error { return o.error }

// exitCode returns the program's exit code for the result of a command, and prints an
// error that has not been printed yet. The name is the one that the caller uses.
func exitCode(err error, name string, stderr io.Writer) int {
	var code answer
	switch {
	case err == nil:
		return exitYes
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, context.Canceled):
		return ExitInterrupted
	}
	escape.Fprintf(stderr, "error: %s\n", escape.Composed(escape.Lines(err.Error(), "  ")))
	if text, ok := advice.Of(err); ok {
		escape.Fprintf(stderr, "%s\n", escape.Composed(strings.ReplaceAll(text, usualName, name)))
	}
	var late outOfTime
	if errors.As(err, &late) {
		return exitTimeout
	}
	return exitUnclear
}

// exitUnwritten is the exit code of a command whose standard output could not be
// written, whatever its result: the answer has not been read. When the reader has
// closed the pipe, as head(1) does, no error is printed.
func exitUnwritten(err, failed error, name string, stderr io.Writer) int {
	if err != nil && !strings.Contains(err.Error(), failed.Error()) { // printers wrap it in their own message
		_ = exitCode(err, name, stderr)
	}
	if errors.Is(failed, syscall.EPIPE) {
		return exitUnclear
	}
	return exitCode(failed, name, stderr)
}
