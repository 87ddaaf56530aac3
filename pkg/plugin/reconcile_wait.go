package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/patch"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
)

// newRequester sends the reconcile requests of a plan.
type requester struct {
	call   *command.Call
	client *patch.Client
	run    *operate.Run
	lines  command.Progress
	// every is how often the triggered objects are read.
	every time.Duration
	// now is the API server's clock, as exactly as it is known.
	now func() time.Time
}

// newRequester starts at the time of the snapshot of the plan.
func newRequester(f *command.Call, run *operate.Run, at time.Time) (*requester, error) {
	client, err := changer(f)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	return &requester{
		call: f, client: client, run: run, lines: command.Progress{}, every: lookEvery,
		now: func() time.Time { return at.Add(time.Since(began)) },
	}, nil
}

// lookEvery is frequent enough for users, at one small request per object.
const lookEvery = time.Second

// waitFor triggers each step when its dependencies are Ready, until all steps are
// finished or the timeout expires.
func (r *requester) waitFor(ctx context.Context, timeout time.Duration) error {
	deadline, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := command.Repeat(deadline, r.every, func(ctx context.Context) (bool, error) {
		if err := r.look(ctx); err != nil {
			return false, err
		}
		err := r.askDue(ctx)
		return r.run.Over(), err
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case deadline.Err() != nil:
		return command.TimedOut{Err: fmt.Errorf("not all triggered objects were Ready within %s", timeout)}
	}
	return err
}

func (r *requester) askDue(ctx context.Context) error {
	for _, step := range r.run.Due() {
		if err := r.passing(step.Ref, r.ask(ctx, step)); err != nil {
			return err
		}
	}
	return nil
}

// askAll triggers all steps without waiting: Flux itself observes their dependencies,
// although more slowly.
func (r *requester) askAll(ctx context.Context, steps []operate.Step) error {
	for _, step := range steps {
		if step.IfMoved {
			continue
		}
		if err := r.ask(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

func (r *requester) ask(ctx context.Context, step operate.Step) error {
	if err := r.client.Merge(ctx, step.Ref, step.Patch(r.now().Format(time.RFC3339Nano))); err != nil {
		return err
	}
	r.run.Triggered(step.Ref)
	result := operate.Result{Ref: step.Ref, Outcome: operate.Triggered}
	if step.IfMoved {
		result.Message = "shared layer with a newer revision"
	}
	r.say(result)
	return nil
}

// look reads the state of all triggered objects.
func (r *requester) look(ctx context.Context) error {
	for _, ref := range r.run.Open() {
		obj, err := r.client.Get(ctx, ref)
		var failed *patch.Error
		switch {
		case errors.As(err, &failed) && failed.Absent():
			r.say(r.run.Gone(ref))
		case err != nil:
			if err := r.passing(ref, err); err != nil {
				return err
			}
		default:
			r.say(r.run.Observe(obj, r.now()))
		}
	}
	return nil
}

// passing reports a transient error, and returns others.
func (r *requester) passing(ref object.Ref, err error) error {
	var failed *patch.Error
	if !errors.As(err, &failed) || !failed.Passing() {
		return err
	}
	r.lines.Report(r.call.Streams.ErrOut, ref.String(), fmt.Sprintf("being retried: %v", err))
	return nil
}

func (r *requester) say(result operate.Result) {
	r.lines.Report(r.call.Streams.ErrOut, result.Ref.String(), render.OperationLine(result))
}
