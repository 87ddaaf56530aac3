// Package reliability keeps docs/reliability.md up to date: a test that attacks the program
// reports what it tried, how often, and how often the promise held, so that the page claims
// only what the tests have shown. Only tests import it.
package reliability

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// update is the environment variable that makes Report write the page instead of comparing it;
// `make reliability` sets it.
const update = "ORTHWEB_UPDATE_RELIABILITY"

// Row is one kind of attack. The numbers must be the same in every run.
type Row struct {
	// Tried names the attack: "an answer without an end".
	Tried string
	// Times is how often it was tried, Held how often the promise held.
	Times, Held int
	// Promise is the guarantee: "refused before 96 MiB were resident".
	Promise string
}

// Report compares the rows with the section of docs/reliability.md that is marked "<!-- begin
// NAME -->". It fails the test for a row whose promise did not hold each time.
func Report(tb testing.TB, section string, rows []Row) {
	tb.Helper()
	if len(rows) == 0 {
		tb.Fatalf("the section %q has no rows", section)
	}
	for _, row := range rows {
		if row.Times == 0 || row.Held != row.Times {
			tb.Errorf("%s: %s: held %d of %d times", row.Tried, row.Promise, row.Held, row.Times)
		}
	}
	if tb.Failed() {
		return
	}
	page := page(tb)
	if os.Getenv(update) != "" {
		rewrite(tb, page, section, table(rows))
		return
	}
	content, err := os.ReadFile(page)
	if err != nil {
		tb.Fatal(err)
	}
	_, found, _, ok := split(content, section)
	if !ok {
		tb.Fatalf("docs/reliability.md has no section %q", section)
	}
	if want := table(rows); string(found) != want {
		tb.Errorf("docs/reliability.md, section %q, differs from what was measured (make reliability writes it)\nit has:\n%s\nmeasured:\n%s", section, found, want)
	}
}

// page is the path of docs/reliability.md, in the root of the module whose package is
// tested.
func page(tb testing.TB) string {
	tb.Helper()
	directory, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for ; ; directory = filepath.Dir(directory) {
		if _, err := os.Stat(filepath.Join(directory, "go.mod")); err == nil {
			return filepath.Join(directory, "docs", "reliability.md")
		}
		if directory == filepath.Dir(directory) {
			tb.Fatal("find docs/reliability.md: no directory above the test's has a go.mod")
		}
	}
}

func table(rows []Row) string {
	var text strings.Builder
	text.WriteString("\n| tried | times | held each time |\n|---|---:|---|\n")
	for _, row := range rows {
		fmt.Fprintf(&text, "| %s | %d | %s |\n", cell(row.Tried), row.Times, cell(row.Promise))
	}
	text.WriteString("\n")
	return text.String()
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// split divides the page into the text before a section's content, the content, and the text
// after it.
func split(content []byte, section string) (before, found, after []byte, ok bool) {
	begin, end := fmt.Appendf(nil, "<!-- begin %s -->\n", section), fmt.Appendf(nil, "<!-- end %s -->\n", section)
	from, to := bytes.Index(content, begin), bytes.Index(content, end)
	if from < 0 || to < from {
		return nil, nil, nil, false
	}
	from += len(begin)
	return content[:from], content[from:to], content[to:], true
}

// rewrite replaces the section. Tests of several packages run at the same time: a lock
// serializes their changes of the page.
func rewrite(tb testing.TB, page, section, content string) {
	tb.Helper()
	err := lockedfile.Transform(page, func(old []byte) ([]byte, error) {
		before, _, after, ok := split(old, section)
		if !ok {
			return nil, fmt.Errorf("it has no section %q", section)
		}
		return append(append(bytes.Clone(before), content...), after...), nil
	})
	if err != nil {
		tb.Fatalf("write %s: %v", page, err)
	}
}
