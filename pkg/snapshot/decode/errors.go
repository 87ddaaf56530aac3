package decode

import (
	"errors"
	"fmt"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
)

// The reasons why Read rejects a file; errors.Is finds them.
var (
	// ErrNotASnapshot: it is not a snapshot.
	ErrNotASnapshot = errors.New("this is not a snapshot")
	// ErrNewer: it has a format that this program does not support.
	ErrNewer = errors.New("the snapshot was created by another version of the plugin")
	// ErrTruncated: its end is missing.
	ErrTruncated = errors.New("the snapshot is incomplete")
	// ErrDamaged: its content is invalid.
	ErrDamaged = errors.New("the snapshot is damaged")
	// ErrTooLarge: it is larger than any genuine snapshot.
	ErrTooLarge = errors.New("the snapshot is too large")
	// ErrPrinted: the output of kubectl is incomplete, or was changed.
	ErrPrinted = errors.New("the file is not valid output of kubectl")
)

// advice is what to do next.
var advice = map[error]string{
	ErrNotASnapshot: "create one with `kubectl orthweb snapshot save FILE`",
	ErrNewer:        "read it with the version that created it, or save it again with this one",
	ErrTruncated:    "copy it again, or save it again",
	ErrDamaged:      "copy it again, or save it again with `kubectl orthweb snapshot save FILE`",
	ErrPrinted:      "print it again with `kubectl get KIND -A -o yaml`",
	ErrTooLarge:     "don't read it if you did not create it; otherwise save fewer namespaces",
}

// ReadError is every error of Read that is not the reader's own. It unwraps to
// one of the reasons and to the cause, when there is one.
type ReadError struct {
	// Reason is one of the Err… values.
	Reason error
	// Found is what is wrong, and where.
	Found string
	// Cause is the decoder's error, or nil.
	Cause error
}

// Error is one line: the reason, what is wrong, what to do.
func (e *ReadError) Error() string {
	text := e.Reason.Error() + ": " + e.Found
	if e.Cause != nil {
		text += ": " + mask.Mask(e.Cause.Error())
	}
	return text + "; " + advice[e.Reason]
}

// Unwrap returns the reason and the cause.
func (e *ReadError) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.Cause}
}

// Damaged returns a ReadError with the reason ErrDamaged, and its cause or nil.
func Damaged(cause error, format string, args ...any) error {
	return &ReadError{Reason: ErrDamaged, Found: fmt.Sprintf(format, args...), Cause: cause}
}

// TooLarge returns a ReadError with the reason ErrTooLarge.
func TooLarge(format string, args ...any) error {
	return &ReadError{Reason: ErrTooLarge, Found: fmt.Sprintf(format, args...)}
}
