// Package checktest compares checks of a validation with what tests expect.
package checktest

import (
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// Expect compares a check with its expected result. A failed check must have what was expected
// and what to do.
func Expect(t *testing.T, about string, got check.Check, outcome check.Outcome, code finding.Code, found string) {
	t.Helper()
	if got.Outcome != outcome || got.Code != code || !strings.Contains(got.Found, found) {
		t.Errorf("%s: %+v", about, got)
	}
	bad := outcome == check.Fail || outcome == check.Warn
	if bad != (got.Expected != "") || bad != (got.Fix.Text != "") {
		t.Errorf("%s: expected %q, fix %q", about, got.Expected, got.Fix.Text)
	}
	if got.Name != "" || strings.HasSuffix(got.Found, ".") || strings.HasSuffix(got.Fix.Text, ".") {
		t.Errorf("%s: %q, %q", about, got.Found, got.Fix.Text)
	}
}
