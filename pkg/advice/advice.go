// Package advice adds a hint to an error: what to do next. The command line prints it on a
// line of its own, after the error.
package advice

import (
	"errors"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
)

// advised is an error with a hint.
type advised struct {
	err  error
	text string
}

func (a *advised) Error() string { return a.err.Error() }
func (a *advised) Unwrap() error { return a.err }

// Add adds to an error what to do next, in whole sentences. The arguments are fields of the
// text as in fmt.Sprintf, and control characters in them are escaped.
func Add(err error, text string, args ...any) error {
	return &advised{err: err, text: escape.Sprintf(text, args...)}
}

// Of returns the outermost text that Add added to an error, and whether it has one.
func Of(err error) (text string, ok bool) {
	var a *advised
	if !errors.As(err, &a) {
		return "", false
	}
	return a.text, true
}
