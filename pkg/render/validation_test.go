package render

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// validated has a check of each outcome.
func validated() []check.Check {
	return []check.Check{
		{Name: "web-name", Outcome: check.Warn, Code: "OW9102", Found: "web.bhs.orthweb.com leads to 192.0.2.9 on this machine", Took: 1204 * time.Microsecond,
			Expected: "web.bhs.orthweb.com is at 192.0.2.7", Fix: finding.Fix{Text: "Put the name into your DNS, or into this machine's hosts file", Command: "kubectl orthweb hosts sync"}},
		{Name: "web-tcp", Outcome: check.Pass, Found: "connected to 192.0.2.7:443", Took: 300 * time.Microsecond},
		{Name: "web-certificate", Outcome: check.Pass, Found: "signed by the tenant's authority, for web.bhs.orthweb.com, good for 89d",
			Details: []string{"for CN=web.bhs.orthweb.com, by CN=int-ca", "good until 2026-04-02T03:04:05Z"}},
		{Name: "web-system", Outcome: check.Skip, Found: "signing in was not tried: no password for Orthanc's web was given (see --password-secret)"},
		{Name: "web-default-password", Outcome: check.Fail, Code: "OW9304", Found: "something else than Orthanc's explorer answers: <a> & \x1b[2J\"b\"",
			Expected: "200 OK", Took: 15 * time.Second},
		{Name: "dicom-association", Outcome: check.Fail, Code: "OW9404", Expected: "that both are", Took: 21400 * time.Microsecond,
			Found:   "not all that was asked for is accepted: Secondary Capture Image Storage with Explicit VR Little Endian: refused, abstract-syntax-not-supported",
			Details: []string{"the peer is ORTHANC_1.12.3, and takes PDUs of up to 16384 bytes", "Verification: accepted with Implicit VR Little Endian"},
			Fix:     finding.Fix{Text: "See DicomAlwaysAllowStore in Orthanc's configuration", Command: "kubectl logs -n bhs-orthweb deploy/orthanc"}},
		{Name: "dicom-echo", Outcome: check.Skip, After: "dicom-association"},
	}
}

func validation(t *testing.T, checks []check.Check, style Style) string {
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
	for name, style := range map[string]Style{"80": {Width: 80}, "none": {}, "wide": {Wide: true}, "colour": {Width: 80, Colour: true}} {
		golden(t, "validation-"+name, validation(t, validated(), style))
	}
}

// TestValidationFits tries every width; commands stay whole, to be copied.
func TestValidationFits(t *testing.T) {
	for width := 40; width <= 160; width++ {
		for line := range strings.Lines(validation(t, validated(), Style{Width: width})) {
			line = strings.TrimSuffix(line, "\n")
			if utf8.RuneCountInString(line) > width && !strings.Contains(line, "kubectl ") {
				t.Errorf("%d wide: %q", width, line)
			}
		}
	}
}

func TestColourIsAllThatColoursAValidation(t *testing.T) {
	coloured := validation(t, validated(), Style{Colour: true})
	plain := validation(t, validated(), Style{})
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
	checks := validated()
	pass, warning, skipped, failed := checks[1], checks[0], checks[6], checks[4]
	echo := check.Check{Name: "dicom-echo", Outcome: check.Pass}
	asks := check.Check{Name: "web-page", Outcome: check.Pass, Found: "the web responds and requires a password"}
	unsigned, unstored := checks[3], check.Check{Name: "dicom-store", Outcome: check.Skip, Found: "without a password"}
	const noPassword = "the web responds and requires a password; signing in was not tried: no password for Orthanc's web was given (see --password-secret). "
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
		{about: "not signed in", checks: []check.Check{asks, unsigned, echo, unstored},
			want: "bhs: DICOM answers C-ECHO; storing was not tested; " + noPassword + "2 checks passed, 2 skipped"},
		{about: "not signed in, and the study is kept", checks: []check.Check{asks, unsigned, echo, {Name: "dicom-store", Outcome: check.Warn}},
			want: "bhs: DICOM works; " + noPassword + "2 checks passed, 1 warning, 1 skipped"},
		{about: "not signed in, and files are stored", checks: []check.Check{asks, unsigned, echo, {Name: "dicom-store-files", Outcome: check.Pass}},
			want: "bhs: DICOM works; " + noPassword + "3 checks passed, 1 skipped"},
		{about: "signed in", checks: []check.Check{asks, {Name: "web-system", Outcome: check.Pass}, echo}, want: "bhs works from outside: 3 checks passed"},
		{about: "not signed in, and one failed", checks: []check.Check{asks, unsigned, failed}, want: "bhs does not work from outside: 1 check fails, first web-default-password, 1 skipped"},
		{about: "none", want: "Nothing of bhs could be checked"},
	} {
		if got := validationVerdict("bhs", c.checks); got != c.want {
			t.Errorf("%s: %q, want %q", c.about, got, c.want)
		}
	}
}

// TestValidationSaysThatItCouldNotBeWritten has a full disk.
func TestValidationSaysThatItCouldNotBeWritten(t *testing.T) {
	full := errors.New("no space left on device")
	for name, print := range map[string]func(w failing) error{
		"check":   func(w failing) error { return ValidationCheck(w, validated()[0], Style{}) },
		"verdict": func(w failing) error { return ValidationVerdict(w, "bhs", validated(), Style{}) },
		"junit":   func(w failing) error { return ValidationJUnit(w, "bhs", explained, validated()) },
	} {
		if err := print(failing{full}); !errors.Is(err, full) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// failing is a writer that can't.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
