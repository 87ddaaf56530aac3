package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// wait is a `status --wait` that is under way.
type wait struct {
	*statusOptions
	lines progressLines
	// statuses are the last that were read, at the moment.
	statuses []tenant.Status
	moment   time.Time
	// err is why the last look did not show all tenants, and reported the last
	// such reason that the user was told of.
	err, reported error
	// complete is set once all tenants were there.
	complete bool
}

// waitLoop looks until all tenants are Ready or the time is over, and says on
// standard error each time a tenant's state changes, and what is in the way of
// knowing it. Tenants that are not there may still be created, and a cluster that
// can't be reached may come back.
func (o *statusOptions) waitLoop(ctx context.Context) error {
	deadline, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	w := &wait{statusOptions: o, lines: progressLines{}}
	err := repeat(deadline, o.interval, w.lookAgain)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		return w.show()
	case err == deadline.Err():
		return w.ranOut()
	}
	return err
}

// lookAgain looks once, and tells whether there is nothing left to wait for. The
// error is one that waiting does not change.
func (w *wait) lookAgain(deadline context.Context) (ready bool, err error) {
	statuses, moment, err := w.look(deadline)
	ready = err == nil && settled(statuses)
	if deadline.Err() != nil && !ready && (w.statuses != nil || w.err != nil) {
		return false, nil // cut short: what was known before says more
	}
	if len(statuses) > 0 {
		w.statuses, w.moment = statuses, moment
	}
	w.err = err
	w.complete = w.complete || err == nil
	w.progress(statuses, w.lines)
	if !ready && err != nil && !isTransient(err) {
		return false, err
	}
	if deadline.Err() == nil {
		w.report()
	}
	return ready, nil
}

// settled tells whether there is nothing left to wait for: all are Ready, and at
// the newest revision that Flux knows of.
func settled(statuses []tenant.Status) bool {
	return verdictOf(statuses) == nil && !slices.ContainsFunc(statuses, tenant.Status.Renewing)
}

// isTransient tells whether an error may be gone at the next look.
func isTransient(err error) bool {
	var absent *absentError
	var gone *collect.Error
	return errors.As(err, &absent) || errors.As(err, &gone)
}

// report says what is in the way, each time that it is something else.
func (w *wait) report() {
	known := w.reported != nil && w.err != nil && w.reported.Error() == w.err.Error()
	w.reported = w.err
	if known || w.err == nil {
		return
	}
	var absent *absentError
	if !errors.As(w.err, &absent) {
		escape.Fprintf(w.facts.streams.ErrOut, "error: %v; trying again in %s\n", w.err, w.interval)
		return
	}
	for _, line := range absent.lines() {
		escape.Fprintln(w.facts.streams.ErrOut, line)
	}
}

// show prints the last state seen.
func (w *wait) show() error {
	out := w.facts.streams.Out
	return w.print(out, w.statuses, w.moment, w.output.style(out))
}

// ranOut ends a wait whose time is over: with the last state seen, and with why
// nothing newer is known.
func (w *wait) ranOut() error {
	if w.statuses != nil {
		if err := w.show(); err != nil {
			return err
		}
	}
	message := fmt.Sprintf("not all tenants were ready within %s", w.timeout)
	var absent *absentError
	switch {
	case w.err == nil:
		return outOfTime{errors.New(message)}
	case !errors.As(w.err, &absent):
		return outOfTime{fmt.Errorf("%s; the last attempt to read the cluster failed: %w", message, w.err)}
	case w.complete:
		return outOfTime{fmt.Errorf("%s: %w", message, w.err)}
	}
	return outOfTime{absent.timeoutError(w.timeout)}
}

func (o *statusOptions) progress(statuses []tenant.Status, lines progressLines) {
	for _, s := range statuses {
		state := string(s.Verdict.Status)
		if ref, ok := s.WaitsFor(); ok {
			state += ": " + ref.Short() + " " + string(s.Verdict.Reason)
		}
		lines.report(o.facts.streams.ErrOut, s.Name, state)
	}
}
