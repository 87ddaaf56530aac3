package lint

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestRulesAreListed requires the table of docs/lint.md to have all rules; -update writes it.
func TestRulesAreListed(t *testing.T) {
	const page, begin, end = "../../docs/lint.md", "<!-- begin rules -->\n", "<!-- end rules -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no table of rules", page)
	}
	var b strings.Builder
	b.WriteString("| rule | code | severity | what is wrong | fixed automatically |\n|---|---|---|---|---|\n")
	for _, r := range Rules() {
		fixable := ""
		if hasFix(t, r.Name) {
			fixable = "yes"
		}
		fmt.Fprintf(&b, "| `%s` | [%s](findings.md#%s) | %s | %s | %s |\n", r.Name, r.Code, strings.ToLower(string(r.Code)), r.Severity, r.Title, fixable)
	}
	want := before + begin + b.String() + end + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Error("the table of rules is out of date: run go test ./pkg/lint -update")
	}
}

// hasFix reports whether a finding of a rule's test can be fixed automatically.
func hasFix(t *testing.T, name string) bool {
	t.Helper()
	archive := archiveOf(t, name)
	for _, f := range check(t, treeOf(archive, "fail/"), testConfig(t, archive, name)).Findings {
		if len(f.Changes) > 0 {
			return true
		}
	}
	return false
}
