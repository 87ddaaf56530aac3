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

func (v *validation) checkSystem(ctx context.Context) check.Check {
	if !v.canQuery() {
		return check.Skipped("sign-in was not tested: " + v.whyNoLogin())
	}
	r, err := v.web.Get(ctx, web.SystemPath, v.login)
	if err != nil {
		return web.FailedRequest(r.URL, err, v.subject.Tenant)
	}
	if r.Status != http.StatusOK {
		return web.JudgeStatus(r, v.subject.Tenant, v.login)
	}
	s, ok := web.ReadSystem(r)
	if !ok {
		return check.Failed(check.CodeNotOrthanc, "the response of /system is not Orthanc's"+web.ShortText(r, v.login), "Orthanc's version and AE title", web.RouteFix(v.subject.Tenant))
	}
	v.system = s
	return check.Passed(fmt.Sprintf("Orthanc %s, AE title %s", s.Version, s.DicomAet))
}

func (v *validation) checkPage(ctx context.Context) check.Check {
	r, err := v.web.Get(ctx, web.Explorer, v.login)
	var unverified *check.UnverifiedError
	if v.login.Given() && errors.As(err, &unverified) {
		v.withhold(unverified)
		r, err = v.web.Get(ctx, web.Explorer, check.Credentials{})
	}
	if err != nil {
		return web.FailedRequest(r.URL, err, v.subject.Tenant)
	}
	c := web.JudgePage(r, v.subject.Tenant, v.login)
	if web.MayHideOrthanc(r, c) {
		c = v.lookForOrthanc(ctx, r, c)
	}
	switch {
	case c.Code == check.CodeWebSignIn && c.Outcome == check.Warn:
		v.withheld = "the web interface does not accept a user and password"
	case v.withheld == "" || c.Outcome != check.Pass:
	case r.Status == http.StatusUnauthorized:
		return check.Skipped("the web interface requires a password, and " + v.withheld)
	default:
		c.Found += "; " + v.withheld
	}
	return c
}

// lookForOrthanc requests paths that prove that Orthanc answers although its explorer does
// not. c is the check of the explorer. Only fixed paths are requested, never one that an
// answer names.
func (v *validation) lookForOrthanc(ctx context.Context, page web.Reply, c check.Check) check.Check {
	r, err := v.web.Get(ctx, web.SystemPath, v.login)
	if s, ok := web.ReadSystem(r); err == nil && ok {
		ui, err := v.web.Get(ctx, web.Explorer2, v.login)
		return web.JudgeWithoutExplorer(page, c, s, r.URL, ui, err == nil && web.IsExplorer(ui))
	}
	if c.Code != check.CodeWebNotFound {
		return c
	}
	// Without the password: Orthanc's own challenge shows that it is Orthanc.
	if r, err = v.web.Get(ctx, web.UsualPrefix+web.Explorer, check.Credentials{}); err == nil && web.IsOrthanc(r) {
		c.Found += "; Orthanc answers under " + web.UsualPrefix + "/"
		c.Fix = finding.Fix{
			Text:    "Route the whole host to Orthanc in the VirtualService, without a prefix: validate and modalities' web clients use " + web.Explorer + " and " + web.SystemPath,
			Command: web.RoutesCommand(v.subject.Tenant),
		}
	}
	return c
}

// checkDefaultPassword tests whether Orthanc accepts requests without a password, or with
// the default one.
func (v *validation) checkDefaultPassword(ctx context.Context) check.Check {
	r, err := v.web.Get(ctx, web.SystemPath, check.Credentials{})
	if _, ok := web.ReadSystem(r); err == nil && ok {
		v.open = true
		return check.Warned(check.CodeNoPassword, "Orthanc requires no password: anyone who can reach its web interface can see and delete studies", "Orthanc requires a password", finding.Fix{
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
	return "no password for Orthanc's web interface was given (see --password-secret)"
}
