package status

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apiwait "k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

// wait is the state of a running `status --wait`.
type wait struct {
	*options
	lines command.Progress
	// statuses are the last that were read, and when.
	statuses []tenant.Status
	moment   time.Time
	// err is why the last read did not return all tenants, and reported the last such error
	// that was printed.
	err, reported error
	// complete is set once all tenants existed.
	complete bool
}

// waitLoop reads the cluster until all tenants are Ready or the timeout expires. It
// reports on standard error each change of a tenant's state, and errors of reading it.
// Tenants that do not exist may still be created, and a cluster that can't be reached may
// become available.
func (o *options) waitLoop(ctx context.Context) error {
	deadline, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	w := &wait{options: o, lines: command.Progress{}}
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

// lookAgain reads the cluster once, and returns whether there is nothing left to wait
// for. Its error is one that waiting does not change.
func (w *wait) lookAgain(deadline context.Context) (ready bool, err error) {
	statuses, moment, err := w.look(deadline)
	ready = err == nil && settled(statuses)
	if deadline.Err() != nil && !ready && (w.statuses != nil || w.err != nil) {
		return false, nil // the read was cut short: the last state is more informative
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

// settled reports whether there is nothing left to wait for: all are Ready, at the newest
// revision that Flux has fetched.
func settled(statuses []tenant.Status) bool {
	return verdictOf(statuses) == nil && !slices.ContainsFunc(statuses, tenant.Status.Renewing)
}

// isTransient reports whether the next read may succeed after this error.
func isTransient(err error) bool {
	var absent *selection.AbsentError
	var gone *collect.Error
	return errors.As(err, &absent) || errors.As(err, &gone)
}

// report prints the error each time that it changes.
func (w *wait) report() {
	known := w.reported != nil && w.err != nil && w.reported.Error() == w.err.Error()
	w.reported = w.err
	if known || w.err == nil {
		return
	}
	var absent *selection.AbsentError
	if !errors.As(w.err, &absent) {
		escape.Fprintf(w.call.Streams.ErrOut, "error: %v; retrying in %s\n", w.err, w.interval)
		return
	}
	for _, line := range absent.Waiting() {
		escape.Fprintln(w.call.Streams.ErrOut, line)
	}
}

// show prints the last state.
func (w *wait) show() error {
	out := w.call.Streams.Out
	return w.print(out, w.statuses, w.moment, w.output.Style(out))
}

// ranOut ends a wait whose timeout expired, with the last state and with the reason why
// no newer one is known.
func (w *wait) ranOut() error {
	if w.statuses != nil {
		if err := w.show(); err != nil {
			return err
		}
	}
	message := fmt.Sprintf("not all tenants were ready within %s", w.timeout)
	var absent *selection.AbsentError
	switch {
	case w.err == nil:
		return command.TimedOut{Err: errors.New(message)}
	case !errors.As(w.err, &absent):
		return command.TimedOut{Err: fmt.Errorf("%s; the last attempt to read the cluster failed: %w", message, w.err)}
	case w.complete:
		return command.TimedOut{Err: fmt.Errorf("%s: %w", message, w.err)}
	}
	return command.TimedOut{Err: absent.TimeoutError(w.timeout)}
}

func (o *options) progress(statuses []tenant.Status, lines command.Progress) {
	for _, s := range statuses {
		state := string(s.Verdict.Status)
		if ref, ok := s.WaitsFor(); ok {
			state += ": " + ref.Short() + " " + string(s.Verdict.Reason)
		}
		lines.Report(o.call.Streams.ErrOut, s.Name, state)
	}
}

// repeat calls condition until it is true or fails, or the context ends, whose error it
// returns then. The interval begins when a call has ended: reading a large cluster may take
// longer.
func repeat(ctx context.Context, interval time.Duration, condition apiwait.ConditionWithContextFunc) error {
	return apiwait.Backoff{Duration: interval}.DelayFunc().Until(ctx, true, true, condition)
}
