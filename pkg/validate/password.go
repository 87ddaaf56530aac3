package validate

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/web"
)

// checkDefaultPassword tests whether Orthanc accepts requests without a password, or with
// the default one.
func (v *validation) checkDefaultPassword(ctx context.Context) check.Check {
	r, err := v.web.Get(ctx, web.SystemPath, check.Credentials{})
	if _, ok := web.ReadSystem(r); err == nil && ok {
		v.open = true
		return check.Warned(check.CodeNoPassword, "Orthanc requires no password: anyone who can reach its web can see and delete studies", "Orthanc requires a password", finding.Fix{
			Text: fmt.Sprintf("Set AuthenticationEnabled and RegisteredUsers in Orthanc's configuration, in gitops/application/%s", v.subject.Tenant),
		})
	}
	const untried = "the default password was not tested: "
	if _, ok := web.Basic(web.Challenges(r.Header)); err == nil && !(ok && r.Status == http.StatusUnauthorized) {
		return check.Skipped(untried + "without a password, /system returns " + web.StatusLine(r.Status) + ", and does not request a password")
	}
	known := check.NewCredentials(v.subject.Tenant, web.DefaultUser, web.DefaultPassword)
	r, err = v.web.Get(ctx, web.SystemPath, known)
	var unverified *check.UnverifiedError
	switch {
	case errors.As(err, &unverified):
		return check.Skipped(untried + unverified.Error())
	case err != nil:
		return check.Skipped("the request failed: " + check.DescribeError(err))
	}
	return v.judgeDefaultPassword(r, known)
}

// judgeDefaultPassword judges the answer to a request with the default password.
func (v *validation) judgeDefaultPassword(r web.Reply, known check.Credentials) check.Check {
	if _, ok := web.ReadSystem(r); ok {
		if !v.login.Given() {
			v.login = known // the default password
		}
		return check.Warned(check.CodeDefaultPassword, "anyone can sign in as "+web.DefaultUser+" with Orthanc's default password",
			"the default password is changed", finding.Fix{
				Text: fmt.Sprintf("Change RegisteredUsers in Orthanc's configuration, in gitops/application/%s, and in the probes that use the password", v.subject.Tenant),
			})
	}
	if r.Status == http.StatusUnauthorized {
		return check.Passed("the default password is not accepted")
	}
	// Also 403: the server may refuse the request regardless of the password.
	return check.Skipped("it is not known whether the default password is accepted: /system returns " + web.StatusLine(r.Status))
}
