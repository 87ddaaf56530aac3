package endpoint

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/checktest"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

func TestJudgeNoRequest(t *testing.T) {
	for _, c := range []struct {
		about           string
		place           check.Endpoint
		withoutPassword bool
		outcome         check.Outcome
		code            finding.Code
		message         string
	}{
		{about: "the web, SIMPLE", place: check.Endpoint{Known: true}, outcome: check.Pass, message: "access is protected by password only"},
		{about: "the web, not known", outcome: check.Pass, message: "access is protected by password only"},
		{about: "DICOM, SIMPLE", place: check.Endpoint{Known: true}, withoutPassword: true, outcome: check.Warn, code: check.CodeNoClientCertificate, message: "anyone who can reach the port"},
		{about: "DICOM, not known", withoutPassword: true, outcome: check.Warn, code: check.CodeNoClientCertificate, message: "anyone who can reach the port"},
		{about: "the web, MUTUAL", place: check.Endpoint{Known: true, Mutual: true}, outcome: check.Fail, code: check.CodeAnyClientAccepted, message: "although the Gateway requires one"},
		{about: "DICOM, MUTUAL", place: check.Endpoint{Known: true, Mutual: true}, withoutPassword: true, outcome: check.Fail, code: check.CodeAnyClientAccepted, message: "although the Gateway requires one"},
	} {
		checktest.Expect(t, c.about, JudgeNoRequest(c.place, "bhs", c.withoutPassword), c.outcome, c.code, c.message)
	}
}
