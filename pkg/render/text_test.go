package render

import (
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

func TestMessageContainsReason(t *testing.T) {
	if !mentions("health check failed after 1m", "HealthCheckFailed") || !mentions("1 pod: InvalidImageName", "InvalidImageName") {
		t.Error("a reason in other clothes is not recognised")
	}
	if mentions("dependency is not there", "DependencyNotFound") {
		t.Error("a reason is seen that is not said")
	}
}

func TestAges(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		name, got, want string
	}{
		{"an age", Age(now.Add(-14*time.Minute), now), "14m"},
		{"unknown", Age(time.Time{}, now), "-"},
		{"in the future, by a second", Age(now.Add(time.Second), now), "0s"},
		{"left", left(now.Add(61*24*time.Hour), now), "61d"},
		{"over", left(now, now), "expired"},
		{"no end", left(time.Time{}, now), "-"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestClean(t *testing.T) {
	for message, want := range map[string]string{
		"plain":                        "plain",
		"\x1b[31mred\x1b[0m\x07":       "^[[31mred^[[0m^G",
		"two\nlines\r\n and\ttabs":     "two lines and tabs",
		"right\u202eto left\u2028line": `right\u202eto left line`,
	} {
		if got := term.Clean(message); got != want {
			t.Errorf("clean(%q) = %q, want %q", message, got, want)
		}
	}
}

// TestStateSince checks that the output has the state of a subject and its age: "for" unless it
// is just now.
func TestStateSince(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		since time.Time
		want  string
	}{
		{time.Time{}, "bhs is failing"},
		{now, "bhs is failing"},
		{now.Add(time.Hour), "bhs is failing"},
		{now.Add(-24 * time.Minute), "bhs has been failing for 24m"},
	} {
		if got := stateSince("bhs", "failing", c.since, now); got != c.want {
			t.Errorf("since %s: %q, want %q", c.since, got, c.want)
		}
	}
}
