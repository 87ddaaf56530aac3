package check

import "testing"

func TestWorst(t *testing.T) {
	for _, c := range []struct {
		about string
		of    []Outcome
		// skipped is a skipped check, by name.
		skipped string
		want    Outcome
	}{
		{about: "nothing", want: Skip},
		{about: "skipped alone", of: []Outcome{Skip, Skip}, want: Skip},
		{about: "passed and skipped", of: []Outcome{Skip, Pass, Skip}, want: Pass},
		{about: "with a warning", of: []Outcome{Pass, Warn, Pass, Skip}, want: Warn},
		{about: "without what can be left out", of: []Outcome{Pass}, skipped: "study-found", want: Pass},
		{about: "without the page", of: []Outcome{Pass, Warn}, skipped: "web-page", want: Skip},
		{about: "without an association", of: []Outcome{Pass}, skipped: "dicom-association", want: Skip},
		{about: "failed, without an association", of: []Outcome{Pass, Fail}, skipped: "dicom-association", want: Fail},
		{about: "with a failure", of: []Outcome{Pass, Fail, Warn, Skip}, want: Fail},
	} {
		var checks []Check
		for _, o := range c.of {
			checks = append(checks, Check{Outcome: o})
		}
		if c.skipped != "" {
			checks = append(checks, Check{Name: c.skipped, Outcome: Skip})
		}
		if got := Worst(checks); got != c.want {
			t.Errorf("%s: %s, want %s", c.about, got, c.want)
		}
	}
}
