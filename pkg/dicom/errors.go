package dicom

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// ErrReleased is the error of an association that was released, by Release or by the peer
// while it had to answer.
var ErrReleased = errors.New("the association was released")

// ErrAborted is the error of an association on which this side called Abort.
var ErrAborted = errors.New("the association was aborted by this side")

// RejectError is an A-ASSOCIATE-RJ (PS3.8 section 9.3.4).
type RejectError struct{ Result, Source, Reason byte }

// Permanent reports whether a retry is useless until something is changed.
func (e *RejectError) Permanent() bool { return e.Result != 2 }

// Error has the terms of PS3.8 table 9-21.
func (e *RejectError) Error() string {
	return fmt.Sprintf("the peer rejected the association: %s, by the %s: %s",
		word(rejectResults, e.Result), word(rejectSources, e.Source), word(rejectReasons[e.Source], e.Reason))
}

// AbortError is an A-ABORT that the peer sent (PS3.8 section 9.3.8).
type AbortError struct {
	Source, Reason byte
	// Before is for how long nothing was sent or received before the operation began.
	Before time.Duration
}

// IdleBefore reports whether an idle timeout of the peer explains the abort. The same may
// succeed over another association.
func (e *AbortError) IdleBefore() bool { return e.Before >= quietClose }

// Error has the terms of PS3.8 table 9-26. A reason is significant only when the
// service-provider aborts.
func (e *AbortError) Error() string {
	text := "the peer aborted the association, by the " + word(abortSources, e.Source)
	if e.Source == 2 {
		text += ": " + word(abortReasons, e.Reason)
	}
	if e.IdleBefore() {
		text += fmt.Sprintf(" (the connection was idle for %s before, which suggests an idle timeout)", e.Before.Round(time.Millisecond))
	}
	return text
}

// RefusedError is the error of an instance for which no presentation context was accepted.
// The association continues.
type RefusedError struct {
	SOPClass, TransferSyntax string
	// Result is the peer's, when Proposed.
	Result   ContextResult
	Proposed bool
}

// Error names what was refused, and why.
func (e *RefusedError) Error() string {
	what := fmt.Sprintf("SOP class %s in transfer syntax %s", e.SOPClass, part10.TransferSyntaxName(e.TransferSyntax))
	if !e.Proposed {
		return "no presentation context was proposed for " + what
	}
	return fmt.Sprintf("the peer does not accept %s: %s", what, e.Result)
}

// StatusError is an answer of the peer with a failure. The association continues.
type StatusError struct {
	// Operation is "C-ECHO" or "C-STORE".
	Operation string
	Status    Status
}

// Error has the text of the status.
func (e *StatusError) Error() string {
	return fmt.Sprintf("the peer answered %s with: %s", e.Operation, e.Status)
}

// TimeoutError is the error of a peer that exceeded a time limit.
type TimeoutError struct {
	// Waiting is what was expected: "the response".
	Waiting string
	After   time.Duration
}

// Error names what was expected, and for how long.
func (e *TimeoutError) Error() string {
	return fmt.Sprintf("timed out after %s waiting for %s", e.After, e.Waiting)
}

// Timeout is true (net.Error).
func (e *TimeoutError) Timeout() bool { return true }

// Temporary is false: the association is over.
func (e *TimeoutError) Temporary() bool { return false }

// ClosedError is the error of a connection that ended without A-ABORT or A-RELEASE.
type ClosedError struct {
	// Before is for how long nothing was sent or received before the operation began,
	// and Waiting for how long before the connection ended.
	Before, Waiting time.Duration
	Err             error
}

// quietClose is how long a connection has to be without traffic for its end to look like an
// idle timeout: far more than a peer takes for its part of an exchange.
const quietClose = 250 * time.Millisecond

// IdleBefore reports whether an idle timeout explains the end: there was no traffic before
// the operation began. The same may succeed over another connection.
func (e *ClosedError) IdleBefore() bool { return e.Before >= quietClose && e.Waiting < e.Before }

// IdleWaiting reports whether the connection ended while the peer's answer was awaited,
// after a while without traffic: an idle timeout is one explanation, and a failure of the
// peer is another.
func (e *ClosedError) IdleWaiting() bool { return !e.IdleBefore() && e.Waiting >= quietClose }

// Error includes how long the connection was idle, if that is relevant.
func (e *ClosedError) Error() string {
	text := "the peer closed the connection: " + e.Err.Error()
	switch {
	case e.IdleBefore():
		return fmt.Sprintf("%s (the connection was idle for %s before, which suggests an idle timeout)", text, e.Before.Round(time.Millisecond))
	case e.IdleWaiting():
		return fmt.Sprintf("%s (after %s of waiting without traffic)", text, e.Waiting.Round(time.Millisecond))
	}
	return text
}

// Unwrap is the connection's error.
func (e *ClosedError) Unwrap() error { return e.Err }

// closedByPeer reports whether err is of a connection that the other side ended.
func closedByPeer(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// ProtocolError is the error of a peer whose message is not DICOM's upper layer protocol or
// DIMSE, or is not allowed in this state.
type ProtocolError struct {
	// What completes a sentence about the peer: "sent …".
	What string
	// reason is the one for the A-ABORT (PS3.8 table 9-26).
	reason byte
}

// Error describes the violation.
func (e *ProtocolError) Error() string { return "the peer violated the protocol: it " + e.What }

func malformed(format string, args ...any) *ProtocolError {
	return &ProtocolError{What: fmt.Sprintf(format, args...), reason: 6}
}

func unexpected(format string, args ...any) *ProtocolError {
	return &ProtocolError{What: fmt.Sprintf(format, args...), reason: 2}
}
