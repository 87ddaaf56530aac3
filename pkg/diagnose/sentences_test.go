package diagnose

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// update rewrites testdata/sentences.txtar from the current messages of the cases.
var update = flag.Bool("update", false, "rewrite testdata/sentences.txtar")

// sentences are the messages and fixes of the findings of all cases, by case. The
// cases themselves compare codes, objects and reasons, so that a change of wording
// changes only this file.
var sentences struct {
	sync.Mutex
	want map[string]string
	got  map[string]string
}

const sentencesFile = "testdata/sentences.txtar"

func TestMain(m *testing.M) {
	flag.Parse()
	text, err := os.ReadFile(sentencesFile)
	if err != nil && !*update {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	sentences.want, sentences.got = map[string]string{}, map[string]string{}
	for _, f := range txtar.Parse(text).Files {
		sentences.want[f.Name] = string(f.Data)
	}
	code := m.Run()
	if err := settleSentences(wholeRun()); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// wholeRun reports whether all tests ran, so that cases without messages are obsolete.
func wholeRun() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if flag.Lookup(name).Value.String() != "" {
			return false
		}
	}
	return true
}

// settleSentences writes the file with -update. Otherwise, after a run of all tests,
// it requires that every case in the file still exists.
func settleSentences(whole bool) error {
	if !*update {
		for _, name := range slices.Sorted(maps.Keys(sentences.want)) {
			if _, ok := sentences.got[name]; !ok && whole {
				return fmt.Errorf("%s has case %q, which no test has: run go test ./pkg/diagnose -update", sentencesFile, name)
			}
		}
		return nil
	}
	all := sentences.got
	if !whole {
		for name, text := range sentences.want {
			if _, ok := all[name]; !ok {
				all[name] = text
			}
		}
	}
	var archive txtar.Archive
	archive.Comment = []byte("The sentences of each case's findings: their messages and fixes.\nRewrite with: go test ./pkg/diagnose -update\n")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(all[name])})
	}
	return os.WriteFile(sentencesFile, txtar.Format(&archive), 0o644)
}

// compareMessages compares the messages and fixes of a case with those in the file.
func compareMessages(t *testing.T, findings []finding.Finding) {
	t.Helper()
	var text strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&text, "%s %s %s\n    %s\n", f.Code, f.Ref, f.Reason, f.Message)
		for _, fix := range f.Fixes {
			fmt.Fprintf(&text, "  - %s\n", fix.Text)
			for _, more := range []string{fix.Command, fix.File} {
				if more != "" {
					fmt.Fprintf(&text, "      %s\n", more)
				}
			}
		}
	}
	name := t.Name()
	sentences.Lock()
	defer sentences.Unlock()
	if text.Len() == 0 {
		return
	}
	sentences.got[name] = text.String()
	if want := sentences.want[name]; want != text.String() && !*update {
		t.Errorf("it says\n%s\nand on file is\n%s", &text, want)
	}
}
