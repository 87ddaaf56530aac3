package versioned

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// TestValidationJUnit parses the output as a CI system does.
func TestValidationJUnit(t *testing.T) {
	var out bytes.Buffer
	if err := JUnit(&out, "bhs", samples.At, samples.Checks()); err != nil {
		t.Fatal(err)
	}
	samples.Golden(t, "validation-junit", out.String())
	type word struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
	var suite struct {
		XMLName  xml.Name `xml:"testsuite"`
		Name     string   `xml:"name,attr"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Skipped  int      `xml:"skipped,attr"`
		Time     float64  `xml:"time,attr"`
		At       string   `xml:"timestamp,attr"`
		Cases    []struct {
			Class   string  `xml:"classname,attr"`
			Name    string  `xml:"name,attr"`
			Time    float64 `xml:"time,attr"`
			Failure *word   `xml:"failure"`
			Skipped *word   `xml:"skipped"`
			Output  string  `xml:"system-out"`
		} `xml:"testcase"`
	}
	if err := xml.Unmarshal(out.Bytes(), &suite); err != nil {
		t.Fatal(err)
	}
	if suite.Name != "orthweb validate bhs" || suite.Tests != 7 || suite.Failures != 2 || suite.Skipped != 2 || suite.At != "2026-01-02T03:04:05" || suite.Time != 15.023 {
		t.Errorf("%+v", suite)
	}
	for i, c := range samples.Checks() {
		got := suite.Cases[i]
		if got.Name != c.Name || got.Class != "orthweb.bhs" || (got.Failure != nil) != (c.Outcome == check.Fail) || (got.Skipped != nil) != (c.Outcome == check.Skip) {
			t.Errorf("%s: %+v", c.Name, got)
		}
		switch c.Outcome {
		case check.Fail:
			if got.Failure.Type != string(c.Code) || !strings.Contains(got.Failure.Text, c.Expected) || !strings.Contains(got.Failure.Text, c.Fix.Command) {
				t.Errorf("%s: %+v", c.Name, got.Failure)
			}
		case check.Skip:
			if got.Skipped.Message == "" {
				t.Errorf("%s does not say why", c.Name)
			}
		case check.Warn:
			if !strings.Contains(got.Output, string(c.Code)) || !strings.Contains(got.Output, c.Found) {
				t.Errorf("%s: %q", c.Name, got.Output)
			}
		}
	}
}

func TestValidationObject(t *testing.T) {
	inside := samples.Explanation("kiali is down", "bhs")
	object, err := Validation("bhs", samples.At.In(time.FixedZone("", 3600)), samples.Checks(), &inside)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"at":"2026-01-02T03:04:05Z"`, `"outcome":"FAIL"`, `"after":"dicom-association"`, `"seconds":0.0003`, `"details":[]`, `"inside":{`, `"code":"OW9404"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// TestJUnitWriteError writes to a full disk.
func TestJUnitWriteError(t *testing.T) {
	full := errors.New("no space left on device")
	if err := JUnit(failing{full}, "bhs", samples.At, samples.Checks()); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

// failing is a writer that always fails.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
