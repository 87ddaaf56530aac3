package faults

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/lab/build"
	"github.com/digihunch/kubectl-orthweb/lab/korthweb"
)

// update rewrites the golden files: run `go test ./faults/ -update` after an intended change,
// and read the diff.
var update = flag.Bool("update", false, "rewrite testdata from what the code makes now")

func all(t *testing.T) []Fault {
	t.Helper()
	list, err := All()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func tree(t *testing.T) map[string][]byte {
	t.Helper()
	source, err := build.Find("..")
	if err != nil {
		t.Fatal(err)
	}
	files, err := korthweb.Tree(korthweb.Values{
		GitURL: "http://git.test/korthweb.git", HelmURL: "http://helm.test", HealthTimeout: time.Minute,
	}, source.ModuleDir)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestEdits compares what each fault changes in the tree, line by line, with a golden file, to
// detect a change of the tree that alters the effect of an edit.
func TestEdits(t *testing.T) {
	whole := tree(t)
	var got strings.Builder
	for _, f := range all(t) {
		if len(f.Edits) == 0 {
			continue
		}
		broken, err := Break(whole, []Fault{f})
		if err != nil {
			t.Error(err)
			continue
		}
		for _, name := range changed(t, whole, broken) {
			fmt.Fprintf(&got, "%s %s\n%s", f.ID, name, difference(whole[name], broken[name]))
		}
		if _, err := Break(broken, []Fault{f}); err == nil && !strings.Contains(f.Edits[0].New, f.Edits[0].Old) {
			t.Errorf("%s: broke a broken tree", f.ID)
		}
		if _, err := Break(nil, []Fault{f}); err == nil {
			t.Errorf("%s: broke an empty tree", f.ID)
		}
	}
	const golden = "testdata/edits.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != got.String() {
		t.Errorf("%v: the faults change the tree so now:\n%s", err, got.String())
	}
}

func changed(t *testing.T, before, after map[string][]byte) []string {
	t.Helper()
	var out []string
	for name := range after {
		if !bytes.Equal(before[name], after[name]) {
			out = append(out, name)
		}
	}
	if len(before) != len(after) {
		t.Errorf("%d files became %d", len(before), len(after))
	}
	slices.Sort(out)
	return out
}

// difference returns the lines that only one of them has, which is enough for a few changes.
func difference(before, after []byte) string {
	a, b := strings.SplitAfter(string(before), "\n"), strings.SplitAfter(string(after), "\n")
	// The common beginning and the common end are ignored.
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	var out strings.Builder
	for _, line := range a {
		if !slices.Contains(b, line) {
			out.WriteString("-" + line)
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			out.WriteString("+" + line)
		}
	}
	return out.String()
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		wanted []string
		want   string
	}{
		{[]string{"F18"}, "F18"},
		{[]string{"image-digest", "f18"}, "F18"},
		{[]string{"F33"}, "F18 F27 F33"},
		{[]string{"F27", "two-tenants"}, "F27 F18 F33"},
		{nil, ""},
	} {
		found, err := Find(c.wanted...)
		if err != nil {
			t.Fatal(err)
		}
		if got := ids(found); got != c.want {
			t.Errorf("%v: %s, want %s", c.wanted, got, c.want)
		}
	}
}

func TestUnknownFaultListsTheKnown(t *testing.T) {
	_, err := Find("nonsense")
	if err == nil || !strings.Contains(err.Error(), "F01 missing-dependency") || !strings.Contains(err.Error(), "F34 no-right") {
		t.Errorf("the error lists no known faults: %v", err)
	}
}

func TestFaultsGoTogether(t *testing.T) {
	two, err := Find("F18", "F27")
	if err != nil {
		t.Fatal(err)
	}
	whole := tree(t)
	broken, err := Break(whole, two)
	if err != nil {
		t.Fatal(err)
	}
	if got := changed(t, whole, broken); len(got) != 2 {
		t.Errorf("changed: %v", got)
	}
}

func TestCatalogue(t *testing.T) {
	layers := []string{"graph", "source", "build", "helm", "workload", "storage", "node", "cert", "mesh", "control"}
	seen := map[string]bool{}
	for _, f := range all(t) {
		if seen[f.ID] || seen[f.Name] || f.Summary == "" || !slices.Contains(layers, f.Layer) {
			t.Errorf("%s %s: the ID or name is another's, or it has no summary or layer: %q %q", f.ID, f.Name, f.Summary, f.Layer)
		}
		seen[f.ID], seen[f.Name] = true, true
		if _, ok := f.Record.Expect["causes"]; !ok {
			t.Errorf("%s: nothing is expected of an explanation", f.ID)
		}
		for _, a := range slices.Concat(f.Before, f.Do, f.Undo) {
			if err := a.check(); err != nil {
				t.Errorf("%s: %s: %v", f.ID, a, err)
			}
		}
		for _, sign := range f.signs() {
			if _, err := sign.compile(); err != nil {
				t.Errorf("%s: %v", f.ID, err)
			}
		}
		// A fault without signs would count as visible immediately.
		if len(f.signs()) == 0 && len(f.Includes) == 0 && (len(f.Edits) > 0 || len(f.Do) > 0) {
			t.Errorf("%s: nothing tells that it is visible", f.ID)
		}
	}
}

func TestInjectedIsRemembered(t *testing.T) {
	dir := t.TempDir()
	if list, err := Injected(dir); err != nil || len(list) != 0 {
		t.Errorf("a new lab has faults: %v %v", list, err)
	}
	wanted, err := Find("F18", "F01")
	if err != nil {
		t.Fatal(err)
	}
	if err := SetInjected(dir, wanted); err != nil {
		t.Fatal(err)
	}
	list, err := Injected(dir)
	if err != nil || ids(list) != "F18 F01" {
		t.Errorf("%v %v", list, err)
	}
}

func ids(list []Fault) string {
	var out []string
	for _, f := range list {
		out = append(out, f.ID)
	}
	return strings.Join(out, " ")
}

// TestIngressPathFaults checks that the faults of the ingress path leave every layer Ready,
// that those that do not edit the tree can be cleared, and that the objects that the catalogue
// expects in an explanation exist.
func TestIngressPathFaults(t *testing.T) {
	list, err := Find("gateway-selector", "service-selector", "route-port", "host-collision", "networkpolicy-copied",
		"authorizationpolicy-deny", "gateway-scaled-to-zero")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		if f.Layer != "mesh" || len(f.Layers) != 2 || len(f.Shows) == 0 {
			t.Errorf("%s: layer %s, layers %v, shows %v", f.ID, f.Layer, f.Layers, f.Shows)
		}
		for name, reason := range f.Layers {
			if reason != "Ready" {
				t.Errorf("%s: layer %s is %s", f.ID, name, reason)
			}
		}
		if (len(f.Edits) > 0) == (len(f.Do) > 0) || len(f.Do) != len(f.Undo) {
			t.Errorf("%s: %d edits, %d acts, %d to clear them", f.ID, len(f.Edits), len(f.Do), len(f.Undo))
		}
	}
	whole := tree(t)
	for _, f := range list {
		if _, err := Break(whole, []Fault{f}); err != nil {
			t.Errorf("%s: %v", f.ID, err)
		}
	}
}
