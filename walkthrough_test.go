package orthweb

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestWalkthrough does what CONTRIBUTING.md says of a new explainer, to a copy of
// the sources: the case it begins with must fail, and pass in the end.
func TestWalkthrough(t *testing.T) {
	text := read(t, "CONTRIBUTING.md")
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "pkg", "internal", "examples", "docs"} {
		copied(t, name, filepath.Join(dir, name))
	}
	diagnose := filepath.Join(dir, "pkg", "diagnose")

	write(t, filepath.Join(diagnose, "testdata", "mesh", "disruption.yaml"), fenced(t, text, "yaml"))
	edit(t, filepath.Join(diagnose, "mesh_test.go"), "var meshAsked = []schema.GroupKind{", "&\n\t{Group: \"policy\", Kind: \"PodDisruptionBudget\"},")
	if out, err := test(diagnose); err == nil || !strings.Contains(out, "got []") {
		t.Fatalf("before there is an explainer, its case does not fail: %v\n%s", err, out)
	}

	code := regexp.MustCompile("`(codeDisruption finding.Code = \"(OW[0-9]+)\")`").FindStringSubmatch(text)
	if code == nil {
		t.Fatal("no code")
	}
	edit(t, filepath.Join(diagnose, "codes.go"), "const (", "&\n\t"+code[1])
	edit(t, filepath.Join(dir, "docs", "findings.md"), "### OW4120", "### "+code[2]+"\n\n**A disruption budget can't be evaluated**\n\n**What it means.** The number of pods that may be evicted is not known.\n\n**Example**\n\n> PodDisruptionBudget bhs-orthweb/orthanc can't be worked out: jobs.batch does not\n> implement the scale subresource\n\n**What to do.** Correct its selector.\n\n&")
	write(t, filepath.Join(diagnose, "disruption.go"), `package diagnose

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

`+fenced(t, text, "go"))
	entry := regexp.MustCompile("`([{]of[^`]*[}],)`").FindStringSubmatch(text)
	if entry == nil {
		t.Fatal("no entry for the table")
	}
	edit(t, filepath.Join(diagnose, "table.go"), "return []kindEntry{", "&\n\t\t"+entry[1])
	if out, err := test(diagnose); err == nil || !strings.Contains(out, "on file is") {
		t.Errorf("its sentences are missed by nothing: %v\n%s", err, out)
	}
	if out, err := test(diagnose, "-update"); err != nil {
		t.Errorf("-update: %v\n%s", err, out)
	}
	if out, err := test(diagnose); err != nil {
		t.Errorf("after all that is said: %v\n%s", err, out)
	}
}

// test runs those tests that a new explainer has to pass.
func test(dir string, flags ...string) (string, error) {
	args := append([]string{"test", "-run", "^(TestMesh|TestCodes|TestFindingsAreDocumented)$", "."}, flags...)
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// fenced is the block of the language, without the indentation of the list that it
// stands in.
func fenced(t *testing.T, text, language string) string {
	t.Helper()
	found := regexp.MustCompile("(?ms)^   ```" + language + "\n(.*?)^   ```$").FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no block of %s", language)
	}
	return regexp.MustCompile(`(?m)^   `).ReplaceAllString(found[1], "")
}

// edit replaces the first that is old; & in the replacement is the old.
func edit(t *testing.T, file, old, replacement string) {
	t.Helper()
	before := read(t, file)
	after := strings.Replace(before, old, strings.Replace(replacement, "&", old, 1), 1)
	if after == before {
		t.Fatalf("%s has no %q", file, old)
	}
	write(t, file, after)
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func copied(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	if info.IsDir() {
		err = os.CopyFS(to, os.DirFS(from))
	} else {
		err = os.WriteFile(to, []byte(read(t, from)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
