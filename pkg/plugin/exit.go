package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// The exit codes, as `kubectl diff` has them: yes, no, could not tell; and
// timeout(1)'s for a --timeout that ran out.
const (
	exitYes     = 0
	exitNo      = 1
	exitUnclear = 2
	exitTimeout = 124
)

// ExitInterrupted is Run's code when its context was cancelled before there was an
// answer: 128 and SIGINT's number, as shells report it.
const ExitInterrupted = 130

// answer ends a command that worked with a code other than 0: its output has
// already said why.
type answer int

func (a answer) Error() string { return fmt.Sprintf("exit status %d", int(a)) }

// exitFor is the answer to "are they ready?": no as soon as one is known not to
// be, unclear when one could not be judged.
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

// outOfTime is an error of a --timeout that ran out.
type outOfTime struct{ error }

func (o outOfTime) Unwrap() error { return o.error }

// problem is an error with the next thing to do about it.
type problem struct {
	err  error
	hint string
}

func (p *problem) Error() string { return p.err.Error() }
func (p *problem) Unwrap() error { return p.err }

// withHint adds what to do next to an error. The arguments are fields of its lines.
func withHint(err error, hint string, args ...any) error {
	return &problem{err: err, hint: escape.Sprintf(hint, args...)}
}

// exitCode turns the end of a command into the program's exit code, and says
// what went wrong when nothing else has. The name is what the caller calls it by.
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
	var known *problem
	if errors.As(err, &known) {
		escape.Fprintf(stderr, "%s\n", escape.Composed(strings.ReplaceAll(known.hint, usualName, name)))
	}
	var late outOfTime
	if errors.As(err, &late) {
		return exitTimeout
	}
	return exitUnclear
}

// exitUnwritten is the exit code of a command whose standard output could not be
// written, whatever it came to: nobody has read its answer. A reader that has gone, as
// head(1) does, has read what it wanted, and is told nothing.
func exitUnwritten(err, failed error, name string, stderr io.Writer) int {
	if err != nil && !strings.Contains(err.Error(), failed.Error()) { // printers wrap it in words of their own
		_ = exitCode(err, name, stderr)
	}
	if errors.Is(failed, syscall.EPIPE) {
		return exitUnclear
	}
	return exitCode(failed, name, stderr)
}
