package validate

import (
	"context"
	"errors"
	"net/http"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/web"
)

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
		v.withheld = "the web does not accept a user and password"
	case v.withheld == "" || c.Outcome != check.Pass:
	case r.Status == http.StatusUnauthorized:
		return check.Skipped("the web requires a password, and " + v.withheld)
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
