package validate

import (
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// brokenHop is a tenant with one fault.
type brokenHop struct {
	about   string
	change  func(*setup)
	late    func(*check.Subject) // after the servers are started
	fails   string
	code    finding.Code
	message string
	// skipped are the checks that are skipped because of it.
	skipped string
	// left is the number of images that can't be removed.
	left int
}

func (c brokenHop) check(t *testing.T) {
	t.Parallel()
	s := newTenant(t, "bhs")
	if c.change != nil {
		c.change(s)
	}
	subject := s.start(t)
	if c.late != nil {
		c.late(&subject)
	}
	checks := Run(t.Context(), subject, s.options, nil)
	first, skipped := check.Check{}, []string(nil)
	for _, got := range checks {
		if first.Name == "" && got.Outcome == check.Fail {
			first = got
		}
		if got.After != "" && got.After == c.fails {
			skipped = append(skipped, got.Name)
		}
	}
	if first.Name != c.fails || first.Code != c.code || !strings.Contains(first.Found+strings.Join(first.Details, "\n"), c.message) {
		t.Errorf("first %q %q fails: %s %q", first.Name, first.Code, first.Found, first.Details)
	}
	if first.Expected == "" || first.Fix.Text == "" {
		t.Errorf("what was expected and what to do: %+v", first)
	}
	if got := strings.Join(skipped, " "); got != c.skipped {
		t.Errorf("skipped because %s failed: %s\nin\n%s", c.fails, got, verdicts(checks))
	}
	if n := s.archive.len(); n != c.left {
		t.Errorf("%d images are left", n)
	}
}
