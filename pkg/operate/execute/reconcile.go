// Package execute carries out what package operate plans: it patches the objects that Flux
// reconciles, retries while an API server is temporarily unavailable, and waits until Flux
// has finished.
package execute

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/patch"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
)

// Progress receives the progress of a plan that is carried out.
type Progress struct {
	// Result is called with each result as it is observed, also if it has not changed.
	Result func(operate.Result)
	// Retrying is called with the transient error of an object whose request is retried.
	Retrying func(object.Ref, error)
}

// Reconciler triggers the steps of a plan.
type Reconciler struct {
	client   *patch.Client
	run      *operate.Run
	progress Progress
	// every is how often the triggered objects are read.
	every time.Duration
	// now is the API server's clock, as exactly as it is known.
	now func() time.Time
}

// readEvery is frequent enough for users, at one small request per object.
const readEvery = time.Second

// NewReconciler carries out a run, whose plan was made from a snapshot of that time.
func NewReconciler(client *patch.Client, run *operate.Run, at time.Time, progress Progress) *Reconciler {
	began := time.Now()
	return &Reconciler{
		client: client, run: run, progress: progress, every: readEvery,
		now: func() time.Time { return at.Add(time.Since(began)) },
	}
}

// TimeoutError is the error of a run that has not finished within its time.
type TimeoutError struct{ Timeout time.Duration }

// Error states how long the run has taken.
func (e *TimeoutError) Error() string {
	return fmt.Sprintf("not all triggered objects were Ready within %s", e.Timeout)
}

// Wait triggers each step when its dependencies are Ready, until all steps are finished. Its
// error is a *TimeoutError when the timeout expires, that of the context, or that of a request
// which another attempt does not change.
func (r *Reconciler) Wait(ctx context.Context, timeout time.Duration) error {
	deadline, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := repeat(deadline, r.every, func(ctx context.Context) (bool, error) {
		if err := r.readOpen(ctx); err != nil {
			return false, err
		}
		err := r.triggerDue(ctx)
		return r.run.Over(), err
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case deadline.Err() != nil:
		return &TimeoutError{timeout}
	}
	return err
}

// Trigger triggers steps without waiting: Flux itself observes their dependencies, although
// more slowly.
func (r *Reconciler) Trigger(ctx context.Context, steps []operate.Step) error {
	for _, step := range steps {
		if step.IfMoved {
			continue
		}
		if err := r.trigger(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

func (r *Reconciler) triggerDue(ctx context.Context) error {
	for _, step := range r.run.Due() {
		if err := r.transient(step.Ref, r.trigger(ctx, step)); err != nil {
			return err
		}
	}
	return nil
}

// trigger triggers a step. An object that no longer exists is a result, not an error.
func (r *Reconciler) trigger(ctx context.Context, step operate.Step) error {
	err := r.client.Merge(ctx, step.Ref, step.Patch(r.now().Format(time.RFC3339Nano)))
	var failed *patch.Error
	if errors.As(err, &failed) && failed.Absent() {
		r.progress.Result(r.run.Gone(step.Ref))
		return nil
	}
	if err != nil {
		return err
	}
	r.run.Triggered(step.Ref)
	result := operate.Result{Ref: step.Ref, Outcome: operate.Triggered}
	if step.IfMoved {
		result.Message = "shared layer with a newer revision"
	}
	r.progress.Result(result)
	return nil
}

// readOpen reads the state of all triggered objects.
func (r *Reconciler) readOpen(ctx context.Context) error {
	for _, ref := range r.run.Open() {
		obj, err := r.client.Get(ctx, ref)
		var failed *patch.Error
		switch {
		case errors.As(err, &failed) && failed.Absent():
			r.progress.Result(r.run.Gone(ref))
		case err != nil:
			if err := r.transient(ref, err); err != nil {
				return err
			}
		default:
			r.progress.Result(r.run.Observe(obj, r.now()))
		}
	}
	return nil
}

// transient reports a transient error, and returns others.
func (r *Reconciler) transient(ref object.Ref, err error) error {
	var failed *patch.Error
	if !errors.As(err, &failed) || !failed.Passing() {
		return err
	}
	r.progress.Retrying(ref, err)
	return nil
}

// repeat calls condition until it is true or fails, or the context ends, whose error it then
// returns.
func repeat(ctx context.Context, interval time.Duration, condition wait.ConditionWithContextFunc) error {
	return wait.Backoff{Duration: interval}.DelayFunc().Until(ctx, true, true, condition)
}
