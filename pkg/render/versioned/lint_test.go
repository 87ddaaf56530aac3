package versioned

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

func TestLintFormats(t *testing.T) {
	fails := func(s finding.Severity) bool { return s != finding.Info }
	var sarif, junit, github strings.Builder
	if err := errors.Join(LintSARIF(&sarif, samples.LintReport(), "v1.2.3"), LintJUnit(&junit, samples.LintReport(), fails), LintGitHub(&github, samples.LintReport())); err != nil {
		t.Fatal(err)
	}
	samples.Golden(t, "lint-github", github.String())
	var log sarifLog
	if err := json.Unmarshal([]byte(sarif.String()), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	rules := map[string]bool{}
	for _, r := range run.Tool.Driver.Rules {
		rules[r.ID] = true
	}
	for _, r := range run.Results {
		if !rules[r.RuleID] || r.Level == "" || len(r.Locations) != 1 || r.Message.Text == "" {
			t.Errorf("result %+v", r)
		}
	}
	run.Tool.Driver.Rules = nil // the table grows with each rule
	log.Runs[0] = run
	text, err := json.MarshalIndent(log, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	samples.Golden(t, "lint-sarif", string(text)+"\n")
	var suite junitSuite
	if err := xml.Unmarshal([]byte(junit.String()), &suite); err != nil {
		t.Fatal(err)
	}
	if suite.Tests != len(suite.Cases) || suite.Failures != 3 || suite.Skipped != 1 {
		t.Errorf("%d tests, %d failures, %d skipped", suite.Tests, suite.Failures, suite.Skipped)
	}
	if strings.ContainsRune(sarif.String()+junit.String()+github.String(), '\x1b') {
		t.Error("a control character was written")
	}
	for line := range strings.Lines(github.String()) {
		if !strings.HasPrefix(line, "::") || strings.HasPrefix(line, "::error::") {
			t.Errorf("a message begins a workflow command: %s", line)
		}
	}
}
