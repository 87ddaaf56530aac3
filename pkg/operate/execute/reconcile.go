// Package execute carries out what package operate plans: it patches the objects that Flux
// reconciles, retries while an API server is temporarily unavailable, and waits until Flux
// has finished.
package execute

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
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
		if step.IfMoved || r.run.Skipped(step.Ref) {
			continue
		}
		if err := r.begin(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

// Check has the API server check the changes of a dry run.
func (r *Reconciler) Check(ctx context.Context, would []operate.Result) error {
	for i, result := range would {
		if result.Outcome != operate.ToTrigger {
			continue
		}
		step := r.run.Step(result.Ref)
		err := r.client.Merge(ctx, step.Ref, step.Patch(r.moment()))
		switch why, forgone := forgo(step, err); {
		case forgone:
			would[i] = r.run.Forgo(step.Ref, why)
		case err != nil:
			return err
		}
	}
	return nil
}

// forgo reports whether the error is that of an optional step that the user may not trigger,
// and why.
func forgo(step operate.Step, err error) (why string, ok bool) {
	var failed *patch.Error
	if !step.Optional || !errors.As(err, &failed) || !failed.Forbidden() {
		return "", false
	}
	return failed.Missing(), true
}

func (r *Reconciler) triggerDue(ctx context.Context) error {
	for _, step := range r.run.Due() {
		if err := r.transient(step.Ref, r.begin(ctx, step)); err != nil {
			return err
		}
	}
	return nil
}

// begin triggers a step, unless it depends on an object that does not exist, and did not when
// the plan was made.
func (r *Reconciler) begin(ctx context.Context, step operate.Step) error {
	if len(step.Missing) > 0 {
		obj, err := r.client.Get(ctx, step.Ref)
		if err != nil && !isAbsent(err) {
			return err
		}
		if err == nil && r.unmet(ctx, obj) {
			return nil
		}
	}
	return r.trigger(ctx, step)
}

// unmet reports whether the object depends on one that does not exist, and records it. An object
// that can't be read may exist.
func (r *Reconciler) unmet(ctx context.Context, obj *unstructured.Unstructured) bool {
	for _, ref := range r.run.Doubtful(obj) {
		if _, err := r.client.Get(ctx, ref); isAbsent(err) {
			r.progress.Result(r.run.Unmet(object.RefOf(obj), ref))
			return true
		}
	}
	return false
}

// isAbsent reports whether the error is that of an object that does not exist.
func isAbsent(err error) bool {
	var failed *patch.Error
	return errors.As(err, &failed) && failed.Absent()
}

// moment is the value of a request.
func (r *Reconciler) moment() string { return r.now().Format(time.RFC3339Nano) }

// trigger triggers a step. An object that no longer exists is a result, not an error.
func (r *Reconciler) trigger(ctx context.Context, step operate.Step) error {
	err := r.client.Merge(ctx, step.Ref, step.Patch(r.moment()))
	if isAbsent(err) {
		r.progress.Result(r.run.Gone(step.Ref))
		return nil
	}
	if why, forgone := forgo(step, err); forgone {
		r.progress.Result(r.run.Forgo(step.Ref, why))
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
		switch {
		case isAbsent(err):
			r.progress.Result(r.run.Gone(ref))
		case err != nil:
			if why, forgone := forgo(r.run.Step(ref), err); forgone {
				r.progress.Result(r.run.Forgo(ref, why))
			} else if err := r.transient(ref, err); err != nil {
				return err
			}
		default:
			result := r.run.Observe(obj, r.now())
			if result.Outcome == operate.Triggered && health.Waits(obj) && r.unmet(ctx, obj) {
				continue
			}
			r.progress.Result(result)
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
