package repotest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestWalkthrough follows the steps for a new explainer in CONTRIBUTING.md, on a copy of
// the sources: the case of the first step fails before the last step and passes after it.
func TestWalkthrough(t *testing.T) {
	inRoot(t)
	text := read(t, "CONTRIBUTING.md")
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "pkg", "internal", "examples", "docs"} {
		copyFiles(t, name, filepath.Join(dir, name))
	}
	diagnose := filepath.Join(dir, "pkg", "diagnose")

	write(t, filepath.Join(diagnose, "testdata", "mesh", "disruption.yaml"), fenced(t, text, "yaml"))
	edit(t, filepath.Join(diagnose, "mesh_test.go"), "var meshAsked = []schema.GroupKind{", "&\n\t{Group: \"policy\", Kind: \"PodDisruptionBudget\"},")
	test := compileTests(t, diagnose)
	if out, err := test(); err == nil || !strings.Contains(out, "got []") {
		t.Fatalf("without the explainer, its case does not fail: %v\n%s", err, out)
	}

	code := regexp.MustCompile("`(CodeDisruption finding.Code = \"(OW[0-9]+)\")`").FindStringSubmatch(text)
	if code == nil {
		t.Fatal("CONTRIBUTING.md has no constant for the code")
	}
	edit(t, filepath.Join(diagnose, "engine", "codes.go"), "const (", "&\n\t"+code[1])
	edit(t, filepath.Join(dir, "docs", "findings.md"), "### OW4120", "### "+code[2]+"\n\n**A disruption budget can't be evaluated**\n\n**What it means.** The number of pods that may be evicted is not known.\n\n**Example**\n\n> PodDisruptionBudget bhs-orthweb/orthanc can't be worked out: jobs.batch does not\n> implement the scale subresource\n\n**What to do.** Correct its selector.\n\n&")
	write(t, filepath.Join(diagnose, "workload", "disruption.go"), `package workload

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

`+fenced(t, text, "go"))
	entry := regexp.MustCompile("`([{]of[^`]*[}],)`").FindStringSubmatch(text)
	if entry == nil {
		t.Fatal("CONTRIBUTING.md has no entry for the table")
	}
	edit(t, filepath.Join(diagnose, "table.go"), "return []kindEntry{", "&\n\t\t"+entry[1])
	test = compileTests(t, diagnose)
	if out, err := test(); err == nil || !strings.Contains(out, "on file is") {
		t.Errorf("without its sentences on file, the explainer does not fail: %v\n%s", err, out)
	}
	if out, err := test("-update"); err != nil {
		t.Errorf("-update: %v\n%s", err, out)
	}
	if out, err := test(); err != nil {
		t.Errorf("after the last step: %v\n%s", err, out)
	}
}

// compileTests compiles the tests of the package in the directory, and returns a
// function that runs those that a new explainer has to pass.
func compileTests(t *testing.T, directory string) func(flags ...string) (string, error) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "diagnose.test.exe") // Windows runs no other name
	compile := exec.Command("go", "test", "-c", "-o", program, ".")
	compile.Dir = directory
	// Compiled as the product is, so that both share Go's build cache.
	compile.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("compile the tests: %v\n%s", err, out)
	}
	return func(flags ...string) (string, error) {
		run := exec.Command(program, append([]string{"-test.run", "^(TestMesh|TestCodes|TestFindingsAreDocumented)$"}, flags...)...)
		run.Dir = directory
		out, err := run.CombinedOutput()
		return string(out), err
	}
}

// fenced returns the text's code block of the language, without the indentation of
// the list that contains it.
func fenced(t *testing.T, text, language string) string {
	t.Helper()
	found := regexp.MustCompile("(?ms)^   ```" + language + "\n(.*?)^   ```$").FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("CONTRIBUTING.md has no block of %s", language)
	}
	return regexp.MustCompile(`(?m)^   `).ReplaceAllString(found[1], "")
}

// edit replaces the first occurrence of old; & in the replacement stands for old.
func edit(t *testing.T, file, old, replacement string) {
	t.Helper()
	before := read(t, file)
	after := strings.Replace(before, old, strings.Replace(replacement, "&", old, 1), 1)
	if after == before {
		t.Fatalf("%s does not contain %q", file, old)
	}
	write(t, file, after)
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func copyFiles(t *testing.T, from, to string) {
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
