package dicom

import (
	"context"
	"fmt"
	"time"
)

// begin waits for the turn of an operation, and ends it when ctx does, which
// ends the association. Call done at its end.
func (a *Association) begin(ctx context.Context) (done func(), err error) {
	select {
	case a.turn <- struct{}{}:
	default:
		select {
		case a.turn <- struct{}{}:
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the previous operation: %w", context.Cause(ctx))
		}
	}
	if err := a.Err(); err != nil {
		<-a.turn
		return nil, fmt.Errorf("the association has ended: %w", err)
	}
	if ctx.Err() != nil {
		defer func() { <-a.turn }()
		return nil, a.fail("", context.Cause(ctx))
	}
	now := time.Now()
	a.idle, a.active = now.Sub(a.active), now
	unwatch := context.AfterFunc(ctx, func() { a.interrupt(context.Cause(ctx)) })
	return func() {
		// A ctx that ends just after the answer has come ends the association.
		if !unwatch() && a.Err() == nil {
			_ = a.fail("", context.Cause(ctx))
		}
		<-a.turn
	}, nil
}

// interrupt ends reads of the current operation immediately, and its writes soon: a PDU
// should be completed, so that A-ABORT is not sent inside of it.
func (a *Association) interrupt(why error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stop == nil {
		a.stop = why
		_ = a.conn.SetReadDeadline(time.Unix(1, 0))
		_ = a.conn.SetWriteDeadline(time.Now().Add(grace))
	}
}

// stopped is why the operation under way has to end, nil otherwise.
func (a *Association) stopped() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stop
}
