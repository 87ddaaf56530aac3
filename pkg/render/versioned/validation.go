package versioned

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/clusters"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// Validation is the versioned form of the results of the checks, for kubectl's printers.
// inside is the explanation from the cluster, nil if there is none.
func Validation(tenant string, at time.Time, checks []check.Check, inside *diagnose.Explanation) (runtime.Object, error) {
	out := v1alpha1.Validation{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.ValidationKind},
		Metadata: v1alpha1.Metadata{Name: tenant}, At: at.UTC(), Outcome: string(check.Worst(checks)),
		Checks: []v1alpha1.ValidationCheck{},
	}
	for _, c := range checks {
		check := v1alpha1.ValidationCheck{
			Name: c.Name, Outcome: string(c.Outcome), Code: string(c.Code), Found: c.Found, Expected: c.Expected,
			After: c.After, Seconds: c.Took.Seconds(), Details: list(c.Details),
		}
		if c.Fix.Text != "" {
			check.Fix = &v1alpha1.Fix{Text: c.Fix.Text, Command: c.Fix.Command, File: c.Fix.File}
		}
		out.Checks = append(out.Checks, check)
	}
	if inside != nil {
		explained := Explanation(*inside)
		out.Inside = &explained
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&out)
	if err != nil {
		return nil, fmt.Errorf("encoding the checks: %w", err)
	}
	return &unstructured.Unstructured{Object: object}, nil
}

// The parts of JUnit's XML that every reader supports (Ant's JUnit task, as Jenkins and
// GitLab read it). A warning is a passed test with output.
type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr,omitempty"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	At       string      `xml:"timestamp,attr,omitempty"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string     `xml:"classname,attr"`
	Name    string     `xml:"name,attr"`
	Time    string     `xml:"time,attr"`
	Failure *junitWord `xml:"failure"`
	Error   *junitWord `xml:"error"`
	Skipped *junitWord `xml:"skipped"`
	Output  string     `xml:"system-out,omitempty"`
}

type junitWord struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit writes the checks as a suite of tests.
func JUnit(w io.Writer, tenant string, at time.Time, checks []check.Check) error {
	return writeJUnit(w, suiteOf("orthweb validate "+tenant, tenant, at, checks))
}

// ClusterValidation are the checks of a tenant in one of several clusters.
type ClusterValidation struct {
	Cluster, Tenant string
	At              time.Time
	Checks          []check.Check
}

// JUnitOfClusters writes a suite of tests for each cluster. That of a cluster that could not be read has
// one test, with an error.
func JUnitOfClusters(w io.Writer, tenant string, all []ClusterValidation, missing []clusters.Missing) error {
	suites := struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}{}
	for _, v := range all {
		suites.Suites = append(suites.Suites, suiteOf("orthweb validate "+v.Tenant+" in "+v.Cluster, v.Tenant, v.At, v.Checks))
	}
	for _, m := range missing {
		suites.Suites = append(suites.Suites, junitSuite{
			Name: "orthweb validate " + tenant + " in " + m.Cluster, Tests: 1, Errors: 1, Time: "0.000",
			Cases: []junitCase{{Class: "orthweb." + tenant, Name: "cluster", Time: "0.000", Error: &junitWord{Message: m.Reason}}},
		})
	}
	return writeJUnit(w, suites)
}

// suiteOf is a suite of tests, and the tenant its class.
func suiteOf(name, tenant string, at time.Time, checks []check.Check) junitSuite {
	seconds := func(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
	suite := junitSuite{Name: name, Tests: len(checks), At: at.UTC().Format("2006-01-02T15:04:05")}
	var total time.Duration
	for _, c := range checks {
		total += c.Took
		test := junitCase{Class: "orthweb." + tenant, Name: c.Name, Time: seconds(c.Took)}
		switch c.Outcome {
		case check.Fail:
			suite.Failures++
			test.Failure = &junitWord{Message: c.Found, Type: string(c.Code), Text: junitFailure(c)}
		case check.Skip:
			suite.Skipped++
			why := c.Found
			if c.After != "" {
				why = "because " + c.After + " failed"
			}
			test.Skipped = &junitWord{Message: why}
		case check.Warn:
			test.Output = fmt.Sprintf("warning %s: %s\n%s", c.Code, c.Found, junitFailure(c))
		default:
			test.Output = c.Found
		}
		suite.Cases = append(suite.Cases, test)
	}
	suite.Time = seconds(total)
	return suite
}

func writeJUnit(w io.Writer, suites any) error {
	body, err := xml.MarshalIndent(suites, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the checks as JUnit: %w", err)
	}
	_, err = io.WriteString(w, xml.Header+string(escape.XML(body))+"\n")
	return err
}

// junitFailure is the text that a CI system shows for a failed test.
func junitFailure(c check.Check) string {
	lines := append(slices.Clone(c.Details), "expected: "+c.Expected)
	if c.Fix.Text != "" {
		lines = append(lines, "fix: "+c.Fix.Text)
	}
	if c.Fix.Command != "" {
		lines = append(lines, c.Fix.Command)
	}
	return strings.Join(lines, "\n")
}
