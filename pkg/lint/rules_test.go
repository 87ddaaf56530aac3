package lint

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/chart"
)

// charts renders the charts of all tests.
var charts = chart.NewRenderer()

func TestMain(m *testing.M) {
	chart.Main()
	code := m.Run()
	_ = charts.Close()
	os.Exit(code)
}

var update = flag.Bool("update", false, "write the expected findings")

// TestRules checks each rule with the trees of testdata/NAME.txtar: it finds exactly what want
// lists in fail, nothing in pass, and what is ignored in ignored. The first line of the archive
// can have options: "flux 2.8", "kubernetes 1.36".
func TestRules(t *testing.T) {
	for _, r := range Rules() {
		t.Run(r.Name, func(t *testing.T) {
			name := filepath.Join("testdata", r.Name+".txtar")
			archive := archiveOf(t, r.Name)
			config := testConfig(t, archive, r.Name)
			fail := check(t, treeOf(archive, "fail/"), config)
			got := list(fail)
			if len(fail.Findings) == 0 {
				t.Error("finds nothing in fail")
			}
			if *update {
				writeWant(t, name, archive, got)
			} else if want := fileOf(archive, "want"); got != want {
				t.Errorf("found in fail:\n%s\nwant:\n%s", got, want)
			}
			testFix(t, treeOf(archive, "fail/"), fail, config)
			if found := list(check(t, treeOf(archive, "pass/"), config)); found != "" {
				t.Errorf("found in pass:\n%s", found)
			}
			ignored := check(t, treeOf(archive, "ignored/"), config)
			if r != commentRule && (len(ignored.Ignored) == 0 || len(ignored.Findings) > 0) {
				t.Errorf("ignored %d findings in ignored, and found:\n%s", len(ignored.Ignored), list(ignored))
			}
		})
	}
}

// testFix fixes what the rule can fix, and checks that it is no longer found, and that nothing is
// left to change.
func testFix(t *testing.T, tr *tree.Tree, r *Report, config Config) {
	t.Helper()
	fixed, err := Fix(context.Background(), tr, config, r.Findings)
	if err != nil {
		t.Fatal(err)
	}
	fixable := 0
	for _, f := range r.Findings {
		if len(f.Changes) > 0 {
			fixable++
		}
	}
	after := tr.With(fixed.Files)
	left := check(t, after, config)
	if len(fixed.Findings) != fixable || len(left.Findings) != len(r.Findings)-fixable {
		t.Errorf("fixed %d of %d findings, and found afterwards:\n%s", len(fixed.Findings), fixable, list(left))
	}
	if again, err := Fix(context.Background(), after, config, left.Findings); err != nil || len(again.Files) > 0 {
		t.Errorf("a second time, it changes %d files: %v", len(again.Files), err)
	}
}

// TestRulesAreNamed checks that names and codes are unique and have their form.
func TestRulesAreNamed(t *testing.T) {
	names, codes := map[string]bool{}, map[string]bool{}
	for _, r := range Rules() {
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(r.Name) || names[r.Name] {
			t.Errorf("the name %q is not lower case with hyphens, or not unique", r.Name)
		}
		if !regexp.MustCompile(`^OW\d{4}$`).MatchString(string(r.Code)) || codes[string(r.Code)] {
			t.Errorf("the code %q of %s is not valid, or not unique", r.Code, r.Name)
		}
		if r.Title == "" || strings.HasSuffix(r.Title, ".") || rank(r.Severity) < 0 {
			t.Errorf("%s has no title or severity", r.Name)
		}
		names[r.Name], codes[string(r.Code)] = true, true
	}
}

// TestArchivesHaveRules finds test data of rules that were renamed.
func TestArchivesHaveRules(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, archive := range archives {
		if name := strings.TrimSuffix(filepath.Base(archive), ".txtar"); Named(name) == nil {
			t.Errorf("%s: there is no rule %s", archive, name)
		}
	}
}

func archiveOf(t *testing.T, name string) *txtar.Archive {
	t.Helper()
	return archiveIn(t, name+".txtar")
}

// testConfig selects one rule, and has the options of an archive.
func testConfig(t *testing.T, archive *txtar.Archive, only string) Config {
	t.Helper()
	config := Config{Only: []string{only}, Charts: charts}
	if only == commentRule.Name {
		config.Only = nil
	}
	for line := range strings.Lines(string(archive.Comment)) {
		switch fields := strings.Fields(line); {
		case len(fields) == 2 && fields[0] == "flux":
			config.Flux = fields[1]
		case len(fields) == 2 && fields[0] == "kubernetes":
			config.Kubernetes = fields[1]
		}
	}
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	return config
}

// treeOf are the files of an archive below a prefix.
func treeOf(archive *txtar.Archive, prefix string) *tree.Tree {
	files := map[string][]byte{}
	for _, f := range archive.Files {
		if name, ok := strings.CutPrefix(f.Name, prefix); ok {
			files[name] = f.Data
		}
	}
	return tree.New(files)
}

func check(t *testing.T, tr *tree.Tree, config Config) *Report {
	t.Helper()
	report, err := Check(context.Background(), tr, config)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Unknown) > 0 {
		t.Errorf("not checked: %v", report.Unknown)
	}
	return report
}

// list are the findings, one a line.
func list(r *Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		about := ""
		if f.Ref.Name != "" {
			about = f.Ref.String() + ": "
		}
		fmt.Fprintf(&b, "%s %s%s\n", f.At, about, f.Message)
	}
	return b.String()
}

func fileOf(archive *txtar.Archive, name string) string {
	for _, f := range archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func writeWant(t *testing.T, name string, archive *txtar.Archive, got string) {
	t.Helper()
	archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
	archive.Files = append([]txtar.File{{Name: "want", Data: []byte(got)}}, archive.Files...)
	writeArchive(t, name, archive)
}

func writeArchive(t *testing.T, name string, archive *txtar.Archive) {
	t.Helper()
	if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestFixKeepsPatches checks that a finding is left if a patch would no longer apply with the new API
// version, and that others are fixed.
func TestFixKeepsPatches(t *testing.T) {
	release := func(name string) string {
		return "apiVersion: helm.toolkit.fluxcd.io/v2beta2\nkind: HelmRelease\nmetadata: {name: " + name + ", namespace: x}\n" +
			"spec:\n  interval: 5m\n  chart: {spec: {chart: a, version: 1.0.0, sourceRef: {kind: HelmRepository, name: r}}}\n"
	}
	for name, patch := range map[string]string{
		"a target that no longer selects": "- target: {group: helm.toolkit.fluxcd.io, version: v2beta2, kind: HelmRelease, name: a}\n" +
			"  patch: |\n    - {op: add, path: /spec/values, value: {replicas: 3}}\n",
		"a patch without its object": "- patch: |\n    " +
			strings.ReplaceAll(strings.TrimSpace(release("a")), "\n", "\n    ") + "\n      values: {replicas: 3}\n",
	} {
		tr := tree.New(map[string][]byte{
			"clusters/a.yaml": []byte("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a, namespace: x}\n" +
				"spec: {path: ./app, sourceRef: {kind: GitRepository, name: a}}\n"),
			"app/kustomization.yaml": []byte("resources: [a.yaml, b.yaml, c.yaml]\npatches:\n" + patch),
			"app/a.yaml":             []byte(release("a")), "app/b.yaml": []byte(release("b")), "app/c.yaml": []byte(release("c")),
		})
		report, err := Check(t.Context(), tr, Config{Only: []string{"removed-api"}})
		if err != nil || len(report.Findings) < 3 {
			t.Fatalf("%s: %+v, %v", name, report, err)
		}
		fixed, err := Fix(t.Context(), tr, Config{}, report.Findings)
		if err != nil || fixed.Files["app/a.yaml"] != nil || fixed.Files["app/b.yaml"] == nil || fixed.Files["app/c.yaml"] == nil {
			t.Errorf("%s: %d files are fixed, %v", name, len(fixed.Files), err)
		}
	}
}

// TestFixOfList checks that an entry of a List is not fixed in the List.
func TestFixOfList(t *testing.T) {
	tr := tree.New(map[string][]byte{
		"clusters/a.yaml": []byte("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a, namespace: x}\n" +
			"spec: {path: ./app, prune: true, sourceRef: {kind: GitRepository, name: a}}\n"),
		"app/a.yaml": []byte("apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: PersistentVolumeClaim\n  metadata:\n    name: a\n"),
	})
	report, err := Check(t.Context(), tr, Config{Only: []string{"prunes-data"}})
	if err != nil || len(report.Findings) != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	if fixed, err := Fix(t.Context(), tr, Config{}, report.Findings); err != nil || len(fixed.Files) > 0 {
		t.Errorf("changed %q, %v", fixed.Files, err)
	}
}
