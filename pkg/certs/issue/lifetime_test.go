package issue

import (
	"strings"
	"testing"
	"time"
)

// TestUntil checks that a certificate does not outlive its CA, unless the end of the CA is
// unknown.
func TestUntil(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		about     string
		lifetime  Lifetime
		end       time.Time
		want      time.Duration
		shortened bool
		err       string
	}{
		{about: "the CA ends later", lifetime: Lifetime{Duration: 10 * day}, end: now.Add(11 * day), want: 10 * day},
		{about: "both end at the same time", lifetime: Lifetime{Duration: 10 * day}, end: now.Add(10 * day), want: 10 * day},
		{about: "the end of the CA is not known", lifetime: Lifetime{Duration: 10 * day}, want: 10 * day},
		{about: "longer than the CA", lifetime: Lifetime{Duration: 10 * day}, end: now.Add(9 * day), err: "would outlive the CA"},
		{about: "longer than the CA, and may be shorter", lifetime: Lifetime{Duration: 10 * day, Shorten: true}, end: now.Add(9 * day), want: 9*day - slack, shortened: true},
		{about: "a CA that has expired", lifetime: Lifetime{Duration: 10 * day, Shorten: true}, end: now.Add(-day), err: "has expired, or is about to"},
		{about: "a CA that is about to", lifetime: Lifetime{Duration: 10 * day, Shorten: true}, end: now.Add(slack), err: "has expired, or is about to"},
	} {
		got, shortened, err := c.lifetime.until(c.end, now)
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, want %q", c.about, err, c.err)
		}
		if err == nil && (got != c.want || shortened != c.shortened) {
			t.Errorf("%s: %s, shortened %v", c.about, got, shortened)
		}
	}
}
