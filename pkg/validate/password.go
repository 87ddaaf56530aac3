package validate

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// The user and password that Orthanc is delivered with (Orthanc's configuration,
// RegisteredUsers).
const defaultUser, defaultPassword = "admin", "orthanc"

// checkDefaultPassword finds out who gets in besides: anybody, or who knows what
// everybody knows.
func (v *validation) checkDefaultPassword(ctx context.Context) Check {
	r, err := v.web.get(ctx, systemPath, Credentials{})
	if _, ok := readSystem(r); err == nil && ok {
		v.open = true
		return warn(codeWebOpen, "Orthanc asks for no password: anyone who reaches its web can see and delete studies", "that it asks for one", finding.Fix{
			Text: fmt.Sprintf("Set AuthenticationEnabled and RegisteredUsers in Orthanc's configuration, in gitops/application/%s", v.subject.Tenant),
		})
	}
	const untried = "the default password was not tried: "
	if _, ok := basic(challenges(r.header)); err == nil && !(ok && r.status == http.StatusUnauthorized) {
		return skip(untried + "without one, /system answers " + statusLine(r.status) + ", and does not ask for a password")
	}
	known := NewCredentials(v.subject.Tenant, defaultUser, defaultPassword)
	r, err = v.web.get(ctx, systemPath, known)
	var unverified *unverifiedError
	switch {
	case errors.As(err, &unverified):
		return skip(untried + unverified.Error())
	case err != nil:
		return skip("the request failed: " + plain(err))
	}
	return v.judgeDefaultPassword(r, known)
}

// judgeDefaultPassword judges the answer to a request that was signed with it.
func (v *validation) judgeDefaultPassword(r reply, known Credentials) Check {
	if _, ok := readSystem(r); ok {
		if !v.login.Given() {
			v.login = known // what everybody knows
		}
		return warn(codeDefaultPassword, "anybody can sign in as "+defaultUser+" with the password that Orthanc is delivered with",
			"that the default password is changed", finding.Fix{
				Text: fmt.Sprintf("Change RegisteredUsers in Orthanc's configuration, in gitops/application/%s, and with it the probes that use it", v.subject.Tenant),
			})
	}
	if r.status == http.StatusUnauthorized {
		return pass("the default password is not taken")
	}
	// Also 403: what refuses the request may do so whatever the password is.
	return skip("whether the default password is taken is not known: /system answers " + statusLine(r.status))
}
