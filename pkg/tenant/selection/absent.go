package selection

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/similar"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// AbsentError is the error of requested tenants that do not exist.
type AbsentError struct {
	// names are their names; none when any tenant is sufficient.
	names []string
	// there are the names of the tenants that exist.
	there []string
	// unread is why there may be more tenants than were found, by the Kustomizations; hidden includes
	// the namespaces.
	unread, hidden []snapshot.Failure
	// err is the error of a single read, with its hint.
	err error
}

func newAbsentError(names []string, tenants []tenant.Tenant, snap *snapshot.Snapshot, err error) error {
	e := &AbsentError{names: names, err: err}
	for _, t := range tenants {
		e.there = append(e.there, t.Name)
	}
	for _, why := range snap.List(object.KustomizationKind, "").Unknown {
		if why.Reason != snapshot.NotServed {
			e.unread = append(e.unread, why)
		}
	}
	e.hidden = e.unread
	for _, why := range snap.List(object.NamespaceKind, "").Unknown {
		if why.Reason != snapshot.NotServed && why.Reason != snapshot.NotRequested {
			e.hidden = append(slices.Clip(e.hidden), why)
		}
	}
	return e
}

// Names are the tenants that do not exist; none when there is no tenant at all.
func (e *AbsentError) Names() []string { return e.names }

// Uncertain is the error if the tenants may exist, because what names them could not be read, and nil
// if they do not exist.
func (e *AbsentError) Uncertain() error {
	switch {
	case len(e.hidden) == 0:
		return nil
	case len(e.names) == 0:
		return fmt.Errorf("no tenant was found: %s", e.hidden[0])
	}
	return fmt.Errorf("tenant %q was not found: %s", e.names[0], e.hidden[0])
}

func (e *AbsentError) Error() string { return e.err.Error() }

func (e *AbsentError) Unwrap() error { return e.err }

// Waiting describes what the command waits for. "Does not exist" is used only if the cluster
// answered the request.
func (e *AbsentError) Waiting() []string {
	if len(e.names) == 0 {
		return []string{fmt.Sprintf("%v; waiting for one to appear", e.err)}
	}
	var lines []string
	for _, name := range e.names {
		line := fmt.Sprintf("tenant %q does not exist yet", name)
		if len(e.unread) > 0 {
			line = fmt.Sprintf("tenant %q was not found: %s", name, e.unread[0])
		}
		if near := similar.Nearest(name, e.there); near != "" {
			line += fmt.Sprintf(" (did you mean %s?)", near)
		}
		lines = append(lines, line+"; waiting for it to appear")
	}
	return lines
}

// TimeoutError is the error of a wait for tenants that never appeared.
func (e *AbsentError) TimeoutError(timeout time.Duration) error {
	subject := "tenant"
	if len(e.names) > 1 {
		subject = "tenants"
	}
	names := make([]string, len(e.names))
	for i, name := range e.names {
		names[i] = fmt.Sprintf("%q", name)
	}
	subject += " " + strings.Join(names, ", ")
	hint, _ := advice.Of(e.err)
	switch {
	case len(e.names) == 0:
		return advice.Add(fmt.Errorf("no tenant appeared within %s", timeout), "%s", escape.Composed(hint))
	case len(e.unread) > 0:
		verb := "was"
		if len(e.names) > 1 {
			verb = "were"
		}
		return advice.Add(fmt.Errorf("%s %s not found within %s: %s", subject, verb, timeout, e.unread[0]), "%s", escape.Composed(hint))
	}
	return advice.Add(fmt.Errorf("%s did not appear within %s", subject, timeout), "%s", escape.Composed(hint))
}
