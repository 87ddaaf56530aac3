package ui

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/internal/watched"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// TestLinear runs a whole session, and compares its output with a golden file.
func TestLinear(t *testing.T) {
	snap := example(t, "failing")
	services, out := servicesOf(snap), watched.New()
	looks := make(chan Look)
	services.Watch = func(ctx context.Context, deliver func(Look)) error {
		for {
			select {
			case l := <-looks:
				deliver(l)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	in, typed := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- RunLinear(t.Context(), services, Options{}, in, out) }()
	enter := func(line, answer string) {
		t.Helper()
		if _, err := io.WriteString(typed, line+"\n"); err != nil {
			t.Fatal(err)
		}
		out.WaitFor(t, answer)
	}
	looks <- lookAt(t, snap)
	out.WaitFor(t, "bhs> ")
	enter("help", "quit: end the program.\nbhs> ")
	enter("causes", "Flux retries in 15s\nbhs> ")
	enter("explain deployment/orthanc", "Deployment bhs-orthweb/orthanc has been failing")
	enter("explain pod/x", "pod/x is not in the chain of bhs.")
	enter("events", "events bhs (0 columns)\nbhs> ")
	enter("logs", "logs bhs --tail=20 (0 columns)\nbhs> ")
	enter("2", "mhr is Ready.\nmhr> ")
	enter("nobody", "nobody is neither a command nor a tenant.")
	enter("suspend", "Type yes or no: ")
	enter("no", "Nothing was changed.\nmhr> ")
	enter("reconcile", "Flux applies the newest revision of mhr now.")
	enter("yes", "reconcile mhr (0 columns)\nThe command succeeded.\nmhr> ")
	ready := lookAt(t, example(t, "healthy"))
	looks <- ready
	out.WaitFor(t, "bhs is now Ready; it was Failing.")
	looks <- Look{Stale: ready.At, Err: errors.New("connection refused")}
	looks <- Look{Stale: ready.At, Err: errors.New("connection refused")}
	out.WaitFor(t, "The state is not current: connection refused.")
	fewer := ready
	fewer.Statuses = ready.Statuses[1:]
	looks <- fewer
	out.WaitFor(t, "The state is current again.\nmhr> \nTenant bhs no longer exists.\nmhr> ")
	looks <- ready
	out.WaitFor(t, "New tenant bhs: Ready.")
	enter("tenants", "lab: 2 tenants, 0 not ready.")
	enter("quit", "")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	samples.Golden(t, "linear", out.String())
}

// TestLinearEnds checks the ends of a session.
func TestLinearEnds(t *testing.T) {
	look := lookAt(t, example(t, "healthy"))
	failed := errors.New("no cluster")
	for _, c := range []struct {
		name  string
		in    string
		watch func(context.Context, func(Look)) error
		want  error
	}{
		{"end of input", "", func(_ context.Context, deliver func(Look)) error { deliver(look); return nil }, nil},
		{"quit", "q\nchain\n", func(_ context.Context, deliver func(Look)) error { deliver(look); return nil }, nil},
		{"an error", "", func(context.Context, func(Look)) error { return failed }, failed},
	} {
		services := servicesOf(example(t, "healthy"))
		services.Watch = c.watch
		if err := RunLinear(t.Context(), services, Options{}, strings.NewReader(c.in), io.Discard); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	ctx, interrupt := context.WithCancel(t.Context())
	services := servicesOf(example(t, "healthy"))
	services.Watch = func(ctx context.Context, deliver func(Look)) error { deliver(look); <-ctx.Done(); return ctx.Err() }
	in, _ := io.Pipe()
	time.AfterFunc(10*time.Millisecond, interrupt)
	if err := RunLinear(ctx, services, Options{}, in, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// TestLinearSelectsTheFirstThatIsNotReady checks which tenant is selected at the start.
func TestLinearSelectsTheFirstThatIsNotReady(t *testing.T) {
	look := lookAt(t, example(t, "healthy"))
	look.Statuses[1].Verdict.Status = health.Failing
	services, out := servicesOf(example(t, "healthy")), watched.New()
	services.Watch = func(_ context.Context, deliver func(Look)) error { deliver(look); return nil }
	if err := RunLinear(t.Context(), services, Options{}, strings.NewReader("quit\n"), out); err != nil || !strings.Contains(out.String(), "mhr> ") {
		t.Errorf("%v: %s", err, out)
	}
}
