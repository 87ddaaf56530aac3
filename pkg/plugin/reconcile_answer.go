package plugin

import (
	"errors"
	"fmt"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/patch"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// Exit is the exit code of a finished run. It writes the next command to standard error.
func (r *requester) answer(plan operate.Plan) error {
	if why := r.why(operate.Failing, operate.Blocked); why != "" {
		escape.Fprintf(r.call.Streams.ErrOut, "\n%s\n", why)
		return command.No
	}
	for _, unknown := range plan.Unknown {
		escape.Fprintf(r.call.Streams.ErrOut, "Not triggered, because it could not be read: %s.\n", unknown)
	}
	if len(plan.Unknown) > 0 {
		return command.Unclear
	}
	return nil
}

// why is the command that explains the outcomes, empty if no object has one of them.
func (r *requester) why(outcomes ...operate.Outcome) string {
	var tenants []string
	for _, result := range r.run.Results() {
		for _, outcome := range outcomes {
			if result.Outcome == outcome {
				tenants = appendMissing(tenants, result.Tenants...)
			}
		}
	}
	if len(tenants) == 0 {
		return ""
	}
	return fmt.Sprintf("Why: %s explain %s", r.call.Name, string(escape.ShellWords(tenants)))
}

// explain adds a hint to the error that ended a run.
func (r *requester) explain(err error) error {
	var late command.TimedOut
	if errors.As(err, &late) {
		return advice.Add(err, "%s", r.why(operate.Pending, operate.Triggered, operate.Failing, operate.Blocked))
	}
	return explainChange(err)
}

// explainChange adds a hint to the error of an object that could not be changed.
func explainChange(err error) error {
	var failed *patch.Error
	switch {
	case !errors.As(err, &failed):
		return err
	case failed.Forbidden():
		return advice.Add(err, "Request permission to get and patch %s in this namespace (docs/rbac.md has the role, orthweb-operator).", failed.Resource)
	case failed.Passing():
		return advice.Add(err, "Try again, perhaps with a longer --request-timeout.")
	}
	return advice.Add(err, "Check the current state: kubectl orthweb status")
}

// explainSuspended adds to the error how to resume the suspended objects.
func explainSuspended(err error) error {
	var suspended *operate.SuspendedError
	switch {
	case !errors.As(err, &suspended):
		return err
	case len(suspended.Own) > 0:
		return advice.Add(err, "Resume it, which also triggers it: kubectl orthweb resume %s", string(escape.ShellWords(suspended.Tenants)))
	}
	return advice.Add(err, "The source may be shared, so the user who suspended it must resume it. To continue with the revision that was fetched before, add --with-source=false.")
}

func appendMissing(list []string, more ...string) []string {
	for _, item := range more {
		if !slices.Contains(list, item) {
			list = append(list, item)
		}
	}
	return list
}
