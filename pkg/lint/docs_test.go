package lint

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// entryForm is the form of an entry of docs/findings.md: a title, the meaning of the code, an
// example and what to do.
var entryForm = regexp.MustCompile(`(?ms)^### (OW\d+)\n\n\*\*([^*\n]+)\*\*\n\n\*\*What it means\.\*\* [^\n]+.*?\n\n\*\*Example\*\*\n\n((?:> [^\n]+\n)+)\n\*\*What to do\.\*\* [^#]*\.$`)

// TestRulesAreDocumented requires an entry in docs/findings.md for each rule whose code is its
// own, with the rule's title and an example that its test prints; and an entry of any rule for
// the others.
func TestRulesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/findings.md")
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string][]string{}
	for _, found := range entryForm.FindAllStringSubmatch(string(text), -1) {
		entries[found[1]] = found
	}
	for _, r := range Rules() {
		entry := entries[string(r.Code)]
		own := r.Code[3] == '9'
		switch {
		case entry == nil:
			t.Errorf("%s (%s) has no entry, or one of another form", r.Code, r.Name)
		case own && entry[2] != r.Title:
			t.Errorf("%s (%s) has the title %q, not %q", r.Code, r.Name, entry[2], r.Title)
		case own && !strings.Contains(entry[0], "`"+r.Name+"`"):
			t.Errorf("the entry of %s does not name the rule `%s`", r.Code, r.Name)
		case own && !*update && !printed(t, r.Name)[oneLine(entry[3])]:
			t.Errorf("%s has an example that its test does not print: %s", r.Code, oneLine(entry[3]))
		}
		delete(entries, string(r.Code))
	}
	for code := range entries {
		if code[3] == '9' && code[2] != '9' {
			t.Errorf("%s is documented, but does not exist", code)
		}
	}
}

// oneLine is a Markdown quotation in one line.
func oneLine(quotation string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll("\n"+quotation, "\n> ", " ")), " ")
}

// printed are the findings of a rule's test, as sentences without their positions.
func printed(t *testing.T, name string) map[string]bool {
	t.Helper()
	archive := archiveOf(t, name)
	lines := map[string]bool{}
	for line := range strings.Lines(fileOf(archive, "want")) {
		_, message, _ := strings.Cut(strings.TrimSpace(line), " ")
		lines[finding.Sentence(message)] = true
	}
	return lines
}
