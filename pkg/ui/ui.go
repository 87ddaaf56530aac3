// Package ui is the terminal application: the tenants, and for the selected one its chain, the
// causes of its state, its events and its logs. It is a Bubble Tea model, and a linear mode for
// screen readers. All that it shows and does comes from Services, which are those of the other
// commands; it has no implementation of its own.
package ui

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Look is the state of all tenants at one time.
type Look struct {
	Statuses []tenant.Status
	// At is the time of the state, by the API server's clock.
	At time.Time
	// Stale is since when nothing newer could be read, and Err why; both are zero while the
	// state is current.
	Stale time.Time
	Err   error
	// Absent is why there is no tenant, nil if there is one.
	Absent error
}

// Services are what the application shows and does.
type Services struct {
	// Name is the program's name that the caller uses.
	Name string
	// Place is what the application shows: the context of the kubeconfig, or the recording.
	Place string
	// Recorded is whether a recording is shown: it does not change, and nothing can be changed.
	Recorded bool
	// Watch delivers each state of the tenants, until ctx ends or an error that another attempt
	// does not change. It returns nil after the only state of a recording.
	Watch func(ctx context.Context, deliver func(Look)) error
	// Explain explains a tenant, or the object if it is not the zero Ref.
	Explain func(ctx context.Context, tenant string, ref object.Ref) (diagnose.Explanation, error)
	// Run runs a command of the program, with the flags that the application was started with,
	// and returns its exit status. Its output is for a part of the terminal with the style.
	Run func(ctx context.Context, args []string, out io.Writer, style term.Style) int
}

// Options are the user's choices.
type Options struct {
	// Tenant is the tenant that is selected first, empty for the first one.
	Tenant string
	// Colour allows colours.
	Colour bool
}

// Run runs the application on a terminal until the user quits. Its error is that of Watch, of
// the terminal, or of ctx.
func Run(ctx context.Context, services Services, options Options, in io.Reader, out *os.File) error {
	ctx, cancel := signal.NotifyContext(ctx, syscall.SIGHUP) // which must restore the terminal, too
	defer cancel()
	m := newModel(ctx, services, options, time.Now)
	program := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err := services.Watch(ctx, func(l Look) { program.Send(l) })
		if err != nil && ctx.Err() == nil {
			program.Send(failedMsg{err})
		}
	}()
	_, err := program.Run()
	failed := ctx.Err()
	cancel()
	<-ended
	m.waitForCommands()
	switch {
	case m.failure != nil:
		return m.failure
	case failed != nil:
		return failed
	}
	return err
}

// waitForCommands waits until commands that were running have cleaned up, as 'validate' does.
func (m *Model) waitForCommands() {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.commands.Wait()
	}()
	select {
	case <-ended:
	case <-time.After(cleanUpTime):
	}
}

// cleanUpTime is how long commands may take to clean up.
const cleanUpTime = 850 * time.Millisecond

// failedMsg is an error of Watch that another attempt does not change.
type failedMsg struct{ err error }
