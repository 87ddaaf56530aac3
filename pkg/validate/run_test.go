package validate

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
)

// all are the checks of a validation, in order.
var all = []string{
	"web-name", "dicom-name", "web-tcp", "dicom-tcp", "web-tls", "web-certificate", "web-clients", "dicom-tls", "dicom-devices", "dicom-certificate", "dicom-clients",
	"web-page", "web-default-password", "web-system", "dicom-association", "dicom-echo", "archive-limits", "dicom-store",
	"study-found", "study-elsewhere", "clean-up", "archive-unchanged",
}

func TestEverythingWorks(t *testing.T) {
	t.Parallel()
	s, other := newTenant(t, "bhs"), newTenant(t, "mhr")
	s.subject.Others = []check.Subject{other.start(t)}
	var reported []string
	checks := Run(t.Context(), s.start(t), s.options, func(c check.Check) { reported = append(reported, c.Name) })
	if got := strings.Join(reported, " "); got != strings.Join(all, " ") {
		t.Errorf("told of %s", got)
	}
	for _, c := range checks {
		want := check.Pass
		if c.Name == "dicom-clients" || c.Name == "dicom-devices" {
			want = check.Warn // it requests no client certificate, and its own is ECDSA
		}
		if c.Outcome != want || c.Found == "" || c.After != "" || (c.Code != "") != (want == check.Warn) {
			t.Errorf("%+v", c)
		}
	}
	if n := s.archive.len(); n != 0 {
		t.Errorf("%d images are left", n)
	}
	if check.Worst(checks) != check.Warn {
		t.Errorf("the worst is %s", check.Worst(checks))
	}
}

// TestThroughTheAPIServer uses no DNS name.
func TestThroughTheAPIServer(t *testing.T) {
	t.Parallel()
	s := newTenant(t, "bhs")
	s.options.Via = endpoint.ViaPortForward
	checks := s.run(t)
	for _, name := range []string{"web-name", "dicom-name"} {
		if c := named(t, checks, name); c.Outcome != check.Skip || c.After != "" || c.Found == "" {
			t.Errorf("%+v", c)
		}
	}
	if named(t, checks, "study-found").Outcome != check.Pass || check.Worst(checks) != check.Warn {
		t.Error(verdicts(checks))
	}
}

// TestMain runs many tests in parallel: they mostly wait for silent servers.
func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "16")
	os.Exit(m.Run())
}

// verdicts formats the outcomes, in order: "web-name PASS, …".
func verdicts(checks []check.Check) string {
	var out []string
	for _, c := range checks {
		text := c.Name + " " + string(c.Outcome)
		if c.Code != "" {
			text += " " + string(c.Code)
		}
		if c.After != "" {
			text += " after " + c.After
		}
		out = append(out, text)
	}
	return strings.Join(out, "\n")
}
