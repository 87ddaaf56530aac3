package plugin

import (
	"errors"
	"fmt"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/change"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
)

// answer is the exit code of a run that is over, with what to look at next on
// standard error.
func (r *requester) answer(plan operate.Plan) error {
	if why := r.why(operate.Failing, operate.Blocked); why != "" {
		escape.Fprintf(r.facts.streams.ErrOut, "\n%s\n", why)
		return answer(exitNo)
	}
	for _, unknown := range plan.Unknown {
		escape.Fprintf(r.facts.streams.ErrOut, "Could not be read, and so not triggered: %s.\n", unknown)
	}
	if len(plan.Unknown) > 0 {
		return answer(exitUnclear)
	}
	return nil
}

// why is the command that tells why the outcomes are what they are, empty when
// nothing has one of these.
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
	return fmt.Sprintf("Why: %s explain %s", r.facts.name, shellWords(tenants))
}

// explain adds what to do next to the error that ended a run.
func (r *requester) explain(err error) error {
	var late outOfTime
	if errors.As(err, &late) {
		return withHint(err, "%s", r.why(operate.Pending, operate.Asked, operate.Failing, operate.Blocked))
	}
	return explainChange(err)
}

// explainChange says what to do about an object that could not be changed.
func explainChange(err error) error {
	var failed *change.Error
	switch {
	case !errors.As(err, &failed):
		return err
	case failed.Forbidden():
		return withHint(err, "Ask for the rights to get and patch %s there (docs/rbac.md has the role, orthweb-operator).", failed.Resource)
	case failed.Passing():
		return withHint(err, "Try again, perhaps with a longer --request-timeout.")
	}
	return withHint(err, "Look at it again: kubectl orthweb status")
}

// explainSuspended says who has to resume what is suspended.
func explainSuspended(err error) error {
	var suspended *operate.SuspendedError
	switch {
	case !errors.As(err, &suspended):
		return err
	case len(suspended.Own) > 0:
		return withHint(err, "Resume it, which asks as well: kubectl orthweb resume %s", shellWords(suspended.Tenants))
	}
	return withHint(err, "Others may fetch from there too: whoever suspended it has to resume it. To go on with what was fetched before, add --with-source=false.")
}

func appendMissing(list []string, more ...string) []string {
	for _, item := range more {
		if !slices.Contains(list, item) {
			list = append(list, item)
		}
	}
	return list
}
