package validate

import (
	"context"
	"fmt"
	"net/http"

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
