//go:build lab

package e2e

import (
	"os/exec"
	"path/filepath"
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

// rejectedFields are the fields in the lines "# want FIELD: MESSAGE" of an object. The API server
// names no keys of labels, annotations and resources.
func rejectedFields(text string) (fields []string) {
	for line := range strings.Lines(text) {
		if want, ok := strings.CutPrefix(line, "# want "); ok {
			field, _, _ := strings.Cut(want, ": ")
			if i := strings.LastIndexByte(field, '['); i > 0 && strings.Trim(field[i:], "[]0123456789") != "" {
				field = field[:i]
			}
			fields = append(fields, field)
		}
	}
	return fields
}
