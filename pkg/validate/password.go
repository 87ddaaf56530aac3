package validate

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// The default user and password of Orthanc (Orthanc's configuration, RegisteredUsers).
const defaultUser, defaultPassword = "admin", "orthanc"

// checkDefaultPassword tests whether Orthanc accepts requests without a password, or with
// the default one.
func (v *validation) checkDefaultPassword(ctx context.Context) Check {
	r, err := v.web.get(ctx, systemPath, Credentials{})
	if _, ok := readSystem(r); err == nil && ok {
		v.open = true
		return warn(codeNoPassword, "Orthanc requires no password: anyone who can reach its web can see and delete studies", "Orthanc requires a password", finding.Fix{
			Text: fmt.Sprintf("Set AuthenticationEnabled and RegisteredUsers in Orthanc's configuration, in gitops/application/%s", v.subject.Tenant),
		})
	}
	const untried = "the default password was not tested: "
	if _, ok := basic(challenges(r.header)); err == nil && !(ok && r.status == http.StatusUnauthorized) {
		return skip(untried + "without a password, /system returns " + statusLine(r.status) + ", and does not request a password")
	}
	known := NewCredentials(v.subject.Tenant, defaultUser, defaultPassword)
	r, err = v.web.get(ctx, systemPath, known)
	var unverified *unverifiedError
	switch {
	case errors.As(err, &unverified):
		return skip(untried + unverified.Error())
	case err != nil:
		return skip("the request failed: " + describeError(err))
	}
	return v.judgeDefaultPassword(r, known)
}

// judgeDefaultPassword judges the answer to a request with the default password.
func (v *validation) judgeDefaultPassword(r reply, known Credentials) Check {
	if _, ok := readSystem(r); ok {
		if !v.login.Given() {
			v.login = known // the default password
		}
		return warn(codeDefaultPassword, "anyone can sign in as "+defaultUser+" with Orthanc's default password",
			"the default password is changed", finding.Fix{
				Text: fmt.Sprintf("Change RegisteredUsers in Orthanc's configuration, in gitops/application/%s, and in the probes that use the password", v.subject.Tenant),
			})
	}
	if r.status == http.StatusUnauthorized {
		return pass("the default password is not accepted")
	}
	// Also 403: the server may refuse the request regardless of the password.
	return skip("it is not known whether the default password is accepted: /system returns " + statusLine(r.status))
}
