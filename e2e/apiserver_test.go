//go:build lab

package e2e

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestInvalidObjects sends the objects that lint calls invalid, and similar ones, to the API
// server: it must reject the same ones, for the same fields.
func TestInvalidObjects(t *testing.T) {
	archive, err := txtar.ParseFile("../pkg/lint/api/testdata/invariants.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		t.Run(f.Name, func(t *testing.T) {
			cmd := exec.Command(filepath.Join(lab.programs, "kubectl"), "--kubeconfig="+lab.kubeconfig, "apply", "--server-side", "--dry-run=server", "-f", "-")
			cmd.Stdin = strings.NewReader(string(f.Data))
			out, err := cmd.CombinedOutput()
			fields := rejectedFields(string(f.Data))
			if (err != nil) != (len(fields) > 0) {
				t.Fatalf("%v: %s", err, out)
			}
			for _, field := range fields {
				if !strings.Contains(string(out), field) {
					t.Errorf("%s is not in: %s", field, out)
				}
			}
		})
	}
}

// rejectedFields are the fields for which the API server rejects an object: that in a line
// "# server FIELD", or those in lines "# want FIELD: MESSAGE". The API server names no keys of labels,
// annotations and resources.
func rejectedFields(text string) (fields []string) {
	for line := range strings.Lines(text) {
		if field, ok := strings.CutPrefix(line, "# server "); ok {
			return []string{strings.TrimSpace(field) + ": "}
		}
		if want, ok := strings.CutPrefix(line, "# want "); ok {
			field, _, _ := strings.Cut(want, ": ")
			fields = append(fields, withoutKey.ReplaceAllString(field, ""))
		}
	}
	return fields
}

var withoutKey = regexp.MustCompile(`\[[^\]]*[^0-9\]][^\]]*\]$`)
