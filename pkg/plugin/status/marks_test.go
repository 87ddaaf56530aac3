package status

import (
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// TestMarks changes tenants at different times: each is compared with its state before its own
// changes, whatever other tenants do.
func TestMarks(t *testing.T) {
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var last []tenant.Status
	m := marks{}
	for _, step := range []struct {
		second int
		states string // tenant=status
		want   string
	}{
		{0, "bhs=Ready mhr=Ready", ""},
		{1, "bhs=Progressing mhr=Ready", "bhs Ready>Progressing"},
		{3, "bhs=Progressing mhr=Failing", "bhs Ready>Progressing, mhr Ready>Failing"},
		{9, "bhs=Failing mhr=Failing", "bhs Ready>Failing, mhr Ready>Failing"},
		{14, "bhs=Failing mhr=Failing", "bhs Ready>Failing"},
		{20, "bhs=Failing mhr=Failing", ""},
		{25, "bhs=Progressing mhr=Failing", "bhs Failing>Progressing"},
		{26, "bhs=Failing mhr=Failing", ""},
		{27, "bhs=Failing mhr=Failing nhs=Ready", "nhs >Ready"},
		{28, "bhs=Failing nhs=Ready", "nhs >Ready, mhr Failing>"},
	} {
		now := began.Add(time.Duration(step.second) * time.Second)
		var next []tenant.Status
		for _, field := range strings.Fields(step.states) {
			name, status, _ := strings.Cut(field, "=")
			s := tenant.Status{Name: name}
			s.Verdict.Status = health.Status(status)
			next = append(next, s)
		}
		if last != nil {
			m.add(tenant.Changes(last, next), now)
		}
		last = next
		var got []string
		for _, c := range m.changes(next, now) {
			text := c.Tenant + " "
			if c.Before != nil {
				text += string(c.Before.Verdict.Status)
			}
			text += ">"
			if c.After != nil {
				text += string(c.After.Verdict.Status)
			}
			got = append(got, text)
		}
		if got := strings.Join(got, ", "); got != step.want {
			t.Errorf("after %d s: got %q, want %q", step.second, got, step.want)
		}
	}
}
