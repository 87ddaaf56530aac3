package lint

import (
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

func TestParseConfig(t *testing.T) {
	config, failOn, err := ParseConfig([]byte(`
fluxVersion: v2.8.3
kubeVersion: "1.36"
failOn: critical
skip: [no-wait, ow1904]
severities:
  missing-file: Info
ignore:
- paths: [docs/, "apps/*.yaml"]
  rules: [missing-file]
  reason: examples
`))
	if err != nil || failOn != "critical" || config.Flux != "2.8" || config.Kubernetes != "1.36" {
		t.Fatalf("%+v %s %v", config, failOn, err)
	}
	for name, runs := range map[string]bool{"no-wait": false, "prunes-data": false, "missing-file": true} {
		if config.runs(Named(name)) != runs {
			t.Errorf("%s runs: %t", name, !runs)
		}
	}
	f := Finding{Finding: finding.Finding{Code: "OW1908"}, Rule: "missing-file"}
	for file, ignored := range map[string]bool{"docs/a/b.yaml": true, "docs.yaml": false, "apps/a.yaml": true, "apps/a/b.yaml": false} {
		f.At = tree.Position{File: file}
		if reason, ok := config.ignores(f); ok != ignored || ok && reason != "examples" {
			t.Errorf("%s is ignored: %t", file, ok)
		}
	}
	if config.severity(f) != finding.Info {
		t.Errorf("severity %s", config.severity(f))
	}
}

func TestParseConfigErrors(t *testing.T) {
	for text, want := range map[string]string{
		"skip: [no-wiat]":                               "did you mean no-wait?",
		"skips: []":                                     "skips",
		"severities: {no-wait: High}":                   "does not exist",
		"fluxVersion: latest":                           "not valid",
		"ignore: [{paths: [a]}]":                        "no reason",
		"ignore: [{reason: a}]":                         "no paths",
		"ignore: [{reason: a, paths: ['[']}]":           "not a valid pattern",
		"ignore: [{reason: a, paths: [a], rules: [b]}]": "does not exist",
		"a: &a [*a]":                                    "",
		"[":                                             "",
	} {
		if _, _, err := ParseConfig([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// FuzzParseConfig checks that any text is a configuration or an error.
func FuzzParseConfig(f *testing.F) {
	f.Add([]byte("ignore: [{paths: ['a/*'], reason: b}]"), "a/b.yaml")
	f.Add([]byte("ignore: [{paths: ['a/*'], reason: b}]"), "/b.yaml")
	f.Fuzz(func(t *testing.T, text []byte, name string) {
		config, _, err := ParseConfig(text)
		if err == nil {
			config.ignores(Finding{At: tree.Position{File: name}})
		}
	})
}

// TestBelow checks that only findings below a path are reported.
func TestBelow(t *testing.T) {
	archive := archiveOf(t, "not-buildable")
	config := testConfig(t, archive, "not-buildable")
	config.Below = []string{"text", "cycle/kustomization.yaml"}
	for _, f := range check(t, treeOf(archive, "fail/"), config).Findings {
		if !strings.HasPrefix(f.At.File, "text/") && f.At.File != "cycle/kustomization.yaml" {
			t.Errorf("found %s", f.At)
		}
	}
	config.Below = []string{"tex"}
	if found := check(t, treeOf(archive, "fail/"), config).Findings; len(found) > 0 {
		t.Errorf("found %v", found)
	}
}

// TestCommentsCover checks to which lines a comment applies.
func TestCommentsCover(t *testing.T) {
	const text = `# orthweb:ignore no-wait: the document
a: 1
b:
  # orthweb:ignore no-wait: the field

  # another comment
  c:
    d: 1
    e: |
      one # orthweb:ignore no-wait: text of a script
      two
  f: 2 # orthweb:ignore no-wait, OW1904 : the line
  g:
  # orthweb:ignore no-wait: the entry
  - h: 1
    i: 2
  - j: 3
---
# orthweb:ignore nothing
k: 1
`
	documents, err := tree.Parse("a.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := []struct{ first, last int }{{2, 17}, {7, 11}, {10, 10}, {12, 12}, {15, 16}, {20, 20}}
	for i, c := range inFile("a.yaml", text, documents) {
		if c.first != want[i].first || c.last != want[i].last {
			t.Errorf("comment %d applies to lines %d to %d, not %v", i, c.first, c.last, want[i])
		}
	}
}

// TestManyComments checks that the time does not grow with the square of the number of comments.
func TestManyComments(t *testing.T) {
	text := "a: 1\n" + strings.Repeat("# orthweb:ignore no-wait: many\n", 200_000)
	documents, err := tree.Parse("a.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if list := inFile("a.yaml", text, documents); len(list) != 200_000 || time.Since(start) > 2*time.Minute {
		t.Errorf("%d comments, %s", len(list), time.Since(start))
	}
}
