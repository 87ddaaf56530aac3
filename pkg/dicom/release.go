package dicom

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Release ends the association (A-RELEASE, PS3.8 section 7.2) and closes the connection. If
// the association has already ended, it returns the reason, unless it was released.
func (a *Association) Release(ctx context.Context) error {
	done, err := a.begin(ctx)
	if errors.Is(err, ErrReleased) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("A-RELEASE: %w", err)
	}
	defer done()
	if err := a.write(endPDU(pduReleaseRQ, 0, 0)); err != nil {
		return a.fail("A-RELEASE", err)
	}
	a.allow(a.timeouts.Response)
	for {
		kind, _, err := a.readPDU()
		if err != nil {
			return a.fail("A-RELEASE", a.late(err, "A-RELEASE-RP", a.timeouts.Response))
		}
		switch kind {
		case pduReleaseRP:
			a.end(ErrReleased)
			return nil
		case pduReleaseRQ:
			// A collision: the side that requested the association answers first, and
			// continues to wait (PS3.8 table 9-10, states 9 and 11).
			if err := a.write(endPDU(pduReleaseRP, 0, 0)); err != nil {
				return a.fail("A-RELEASE", err)
			}
		case pduData: // the peer had not received it yet: state 7, AR-6
		default:
			return a.fail("A-RELEASE", unexpected("answered A-RELEASE-RQ with an %s", pduNames[kind]))
		}
	}
}

// Abort ends the association immediately (A-ABORT, PS3.8 section 7.3), and the operation
// under way with ErrAborted. It may be called from another goroutine, and of an association
// that is over. It takes at most a second.
func (a *Association) Abort() {
	a.interrupt(ErrAborted)
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
		if a.Err() == nil {
			_ = a.fail("", ErrAborted)
		}
	case <-time.After(3 * grace):
		// The operation is blocked in the reader of its data set.
		a.end(ErrAborted)
	}
}
