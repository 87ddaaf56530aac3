package render

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

func validation(t *testing.T, checks []check.Check, style term.Style) string {
	t.Helper()
	var out bytes.Buffer
	for _, c := range checks {
		if err := ValidationCheck(&out, c, style); err != nil {
			t.Fatal(err)
		}
	}
	if err := ValidationVerdict(&out, "bhs", checks, style); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestValidationGoldens(t *testing.T) {
	for name, style := range map[string]term.Style{"80": {Width: 80}, "none": {}, "wide": {Wide: true}, "colour": {Width: 80, Colour: true}} {
		samples.Golden(t, "validation-"+name, validation(t, samples.Checks(), style))
	}
}

// TestValidationFits tries every width; commands are never wrapped, so that they can be copied.
func TestValidationFits(t *testing.T) {
	for width := 40; width <= 160; width++ {
		for line := range strings.Lines(validation(t, samples.Checks(), term.Style{Width: width})) {
			line = strings.TrimSuffix(line, "\n")
			if utf8.RuneCountInString(line) > width && !strings.Contains(line, "kubectl ") {
				t.Errorf("%d wide: %q", width, line)
			}
		}
	}
}

func TestValidationColourChangesNothingElse(t *testing.T) {
	coloured := validation(t, samples.Checks(), term.Style{Colour: true})
	plain := validation(t, samples.Checks(), term.Style{})
	if coloured == plain {
		t.Error("no colour")
	}
	for _, code := range []string{"\x1b[1m", "\x1b[0m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[35m", "\x1b[36m"} {
		coloured = strings.ReplaceAll(coloured, code, "")
	}
	if coloured != plain {
		t.Errorf("with colour:\n%q\nwithout:\n%q", coloured, plain)
	}
}

func TestValidationVerdict(t *testing.T) {
	checks := samples.Checks()
	pass, warning, skipped, failed := checks[1], checks[0], checks[6], checks[4]
	echo := check.Check{Name: "dicom-echo", Outcome: check.Pass}
	requirement := check.Check{Name: "web-page", Outcome: check.Pass, Found: "the web interface responds and requires a password"}
	unsigned, unstored := checks[3], check.Check{Name: "dicom-store", Outcome: check.Skip, Found: "without a password"}
	const noPassword = "the web interface responds and requires a password; signing in was not tried: no password for Orthanc's web interface was given (see --password-secret). "
	for _, c := range []struct {
		about  string
		checks []check.Check
		want   string
	}{
		{about: "all passed", checks: []check.Check{pass, pass}, want: "bhs works from outside: 2 checks passed"},
		{about: "one passed", checks: []check.Check{pass}, want: "bhs works from outside: 1 check passed"},
		{about: "with a warning and one skipped", checks: []check.Check{pass, warning, skipped}, want: "bhs works from outside: 1 check passed, 1 warning, 1 skipped"},
		{about: "warnings alone", checks: []check.Check{warning, warning}, want: "bhs works from outside: 0 checks passed, 2 warnings"},
		{about: "one failed", checks: []check.Check{pass, failed, skipped}, want: "bhs does not work from outside: 1 check fails, first web-default-password, 1 skipped"},
		{about: "two failed", checks: []check.Check{checks[5], warning, failed}, want: "bhs does not work from outside: 2 checks fail, first dicom-association, 1 warning"},
		{about: "skipped alone", checks: []check.Check{skipped}, want: "Nothing of bhs could be checked"},
		{about: "what counts was skipped", checks: []check.Check{pass, warning, {Name: "web-page", Outcome: check.Skip, Found: "no certificate"}},
			want: "It could not be determined whether bhs works from outside: 1 check passed, 1 warning, 1 skipped"},
		{about: "not signed in", checks: []check.Check{requirement, unsigned, echo, unstored},
			want: "bhs: DICOM answers C-ECHO; storing was not tested; " + noPassword + "2 checks passed, 2 skipped"},
		{about: "not signed in, and the study is kept", checks: []check.Check{requirement, unsigned, echo, {Name: "dicom-store", Outcome: check.Warn}},
			want: "bhs: DICOM works; " + noPassword + "2 checks passed, 1 warning, 1 skipped"},
		{about: "not signed in, and files are stored", checks: []check.Check{requirement, unsigned, echo, {Name: "dicom-store-files", Outcome: check.Pass}},
			want: "bhs: DICOM works; " + noPassword + "3 checks passed, 1 skipped"},
		{about: "signed in", checks: []check.Check{requirement, {Name: "web-system", Outcome: check.Pass}, echo}, want: "bhs works from outside: 3 checks passed"},
		{about: "not signed in, and one failed", checks: []check.Check{requirement, unsigned, failed}, want: "bhs does not work from outside: 1 check fails, first web-default-password, 1 skipped"},
		{about: "none", want: "Nothing of bhs could be checked"},
	} {
		if got := validationVerdict("bhs", c.checks); got != c.want {
			t.Errorf("%s: %q, want %q", c.about, got, c.want)
		}
	}
}

// TestValidationWriteError writes to a full disk.
func TestValidationWriteError(t *testing.T) {
	full := errors.New("no space left on device")
	for name, print := range map[string]func(w failing) error{
		"check":   func(w failing) error { return ValidationCheck(w, samples.Checks()[0], term.Style{}) },
		"verdict": func(w failing) error { return ValidationVerdict(w, "bhs", samples.Checks(), term.Style{}) },
	} {
		if err := print(failing{full}); !errors.Is(err, full) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// failing is a writer that always fails.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
