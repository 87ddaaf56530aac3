package validate

import (
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// withhold makes the following checks run without the password, and report the reason.
func (v *validation) withhold(why error) {
	v.login, v.withheld = check.Credentials{}, "the password was not sent: "+check.DescribeError(why)
}

// canQuery reports whether Orthanc's web can be queried: with a password, or without one if
// it requires none.
func (v *validation) canQuery() bool { return v.login.Given() || v.open }

// whyNoLogin is the reason why Orthanc's web can't be queried.
func (v *validation) whyNoLogin() string {
	if v.withheld != "" {
		return v.withheld
	}
	return "no password for Orthanc's web was given (see --password-secret)"
}
