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
	if status, _, err := v.web.ask(ctx, http.MethodGet, "/system", nil, Credentials{}); err == nil && status == http.StatusOK {
		v.open = true
		return warn(codeWebOpen, "Orthanc asks for no password: whoever reaches its web can see and delete studies", "that it asks for one", finding.Fix{
			Text: fmt.Sprintf("Set AuthenticationEnabled and RegisteredUsers in Orthanc's configuration, in gitops/application/%s", v.subject.Tenant),
		})
	}
	known := NewCredentials(v.subject.Tenant, defaultUser, defaultPassword)
	status, _, err := v.web.ask(ctx, http.MethodGet, "/system", nil, known)
	var unverified *unverifiedError
	switch {
	case errors.As(err, &unverified):
		return skip("the default password was not tried: " + unverified.Error())
	case err != nil:
		return skip("the request failed: " + plain(err))
	case status == http.StatusOK:
		if !v.login.Given() {
			v.login = known // what everybody knows
		}
		return warn(codeDefaultPassword, "anybody can sign in as "+defaultUser+" with the password that Orthanc is delivered with",
			"that the default password is changed", finding.Fix{
				Text: fmt.Sprintf("Change RegisteredUsers in Orthanc's configuration, in gitops/application/%s, and with it the probes that use it", v.subject.Tenant),
			})
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return pass("the default password is not taken")
	}
	return skip(fmt.Sprintf("/system answers %d %s", status, http.StatusText(status)))
}
