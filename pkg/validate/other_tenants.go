package validate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/web"
)

// checkOthers looks for the study in the Orthancs of other tenants: a study in another
// tenant's archive is the most serious finding.
func (v *validation) checkOthers(ctx context.Context) check.Check {
	if !v.stored {
		return check.Skipped("nothing was stored")
	}
	if len(v.subject.Others) == 0 {
		return check.Skipped("there is no other tenant")
	}
	var clean, misrouted, failed []string
	for i, r := range v.queryOthers(ctx) {
		other := v.subject.Others[i].Tenant
		switch {
		case r.err != nil:
			failed = append(failed, fmt.Sprintf("%s could not be queried: %s", other, check.DescribeError(r.err)))
		case r.id != "":
			misrouted = append(misrouted, other)
		default:
			clean = append(clean, other)
		}
	}
	if len(misrouted) > 0 {
		c := check.Failed(check.CodeStudyMisrouted, "a study sent to "+v.subject.Tenant+" is in the archive of "+strings.Join(misrouted, ", "), "no other tenant has it", finding.Fix{
			Text:    "Stop sending studies until this is corrected: give each tenant's ingress its own label, and select that label in the tenant's Gateways (spec.selector)",
			Command: "kubectl get gateways.networking.istio.io -A",
		})
		c.Details = failed
		return c
	}
	if len(clean) == 0 {
		return check.Skipped("no other tenant could be queried: " + strings.Join(failed, "; "))
	}
	return check.Passed(strings.Join(append([]string{"not in the archive of " + strings.Join(clean, ", ")}, failed...), "; "))
}

// queryResult is the answer of one other tenant's Orthanc.
type queryResult struct {
	id    string
	login check.Credentials
	err   error
}

// maxQueries is how many other tenants are queried at the same time: one that does not
// respond does not delay the others.
const maxQueries = 16

// queryOthers queries all other tenants, and returns their answers in their order. The
// answers are kept for the clean-up.
func (v *validation) queryOthers(ctx context.Context) []queryResult {
	answers := make([]queryResult, len(v.subject.Others))
	var group errgroup.Group
	group.SetLimit(maxQueries)
	for i, other := range v.subject.Others {
		group.Go(func() error {
			answers[i] = v.queryOther(ctx, other)
			return nil
		})
	}
	_ = group.Wait() // the errors are in the answers
	for i, r := range answers {
		other := v.subject.Others[i].Tenant
		v.found[other], v.logins[other] = r.id, r.login
	}
	return answers
}

// queryOther queries one other tenant, with its own password or without one.
func (v *validation) queryOther(ctx context.Context, other check.Subject) (s queryResult) {
	if s.login, s.err = v.loginOf(ctx, other); s.err != nil {
		return s
	}
	w := web.New(v.options, other)
	defer w.Close()
	s.id, s.err = lookUp(ctx, w, "Study", v.studyUID(), s.login)
	var refused *check.StatusError
	if !s.login.Given() && errors.As(s.err, &refused) && refused.Status == http.StatusUnauthorized {
		s.err = errors.New("it requires a password, and none was given for it: see --other-password-secret")
	}
	return s
}

// loginOf returns the credentials to query another tenant with: its own password, or none.
func (v *validation) loginOf(ctx context.Context, other check.Subject) (check.Credentials, error) {
	switch {
	case len(other.CAs) == 0 && !v.options.Insecure:
		return check.Credentials{}, fmt.Errorf("the server can't be verified: %w", check.UnknownCA(other))
	case other.Login.Given() || other.FetchLogin == nil:
		return other.Login, nil
	}
	return other.FetchLogin(ctx)
}
