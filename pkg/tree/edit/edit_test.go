package edit

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

const original = `# The image of the tenant.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization

resources:   # what is built
- ../base/orthanc
-   "namespace.yaml"   # in quotes

patchesStrategicMerge:
- labels.yaml
- nested/other.yaml
images:
- name: osimis/orthanc
  digest: 'f00d' # without prefix
  newTag: "it''s \"quoted\""
metadata:
  name: ünïcode    # wide letters
`

func at(line, column int) tree.Position {
	return tree.Position{File: "k.yaml", Line: line, Column: column}
}

func TestApply(t *testing.T) {
	for name, c := range map[string]struct {
		changes  []Change
		old, new string
	}{
		"plain scalar":          {[]Change{{At: at(6, 3), Op: Set, Value: "../base/other"}}, "- ../base/orthanc\n", "- ../base/other\n"},
		"single quotes stay":    {[]Change{{At: at(14, 11), Op: Set, Value: "sha256:f00d"}}, "'f00d' #", "'sha256:f00d' #"},
		"double quotes stay":    {[]Change{{At: at(7, 5), Op: Set, Value: "a.yaml"}}, `"namespace.yaml"   #`, `"a.yaml"   #`},
		"escaped quotes":        {[]Change{{At: at(15, 11), Op: Set, Value: "v1"}}, `"it''s \"quoted\""`, `"v1"`},
		"a text like a number":  {[]Change{{At: at(6, 3), Op: Set, Value: "1.10"}}, "- ../base/orthanc\n", "- \"1.10\"\n"},
		"a number":              {[]Change{{At: at(6, 3), Op: Set, Value: int64(3)}}, "- ../base/orthanc\n", "- 3\n"},
		"wide letters":          {[]Change{{At: at(17, 9), Op: Set, Value: "ascii"}}, "ünïcode    #", "ascii    #"},
		"key, named by value":   {[]Change{{At: at(14, 11), Op: Rename, Value: "newName"}}, "digest: 'f00d'", "newName: 'f00d'"},
		"key, named by itself":  {[]Change{{At: at(9, 1), Op: Rename, Value: "patches"}}, "patchesStrategicMerge:", "patches:"},
		"entries become maps":   {[]Change{{At: at(10, 3), Op: Wrap, Value: "path"}, {At: at(11, 3), Op: Wrap, Value: "path"}}, "- labels.yaml\n- nested/other.yaml\n", "- path: labels.yaml\n- path: nested/other.yaml\n"},
		"the same change twice": {[]Change{{At: at(10, 3), Op: Wrap, Value: "path"}, {At: at(10, 3), Op: Wrap, Value: "path"}}, "- labels.yaml\n", "- path: labels.yaml\n"},
		"an entry is removed":   {[]Change{{At: at(7, 5), Op: Remove}}, "-   \"namespace.yaml\"   # in quotes\n", ""},
		"a field is removed":    {[]Change{{At: at(9, 1), Op: Remove}}, "patchesStrategicMerge:\n- labels.yaml\n- nested/other.yaml\n", ""},
		"a map is created": {
			[]Change{{At: at(2, 1), Op: Add, Field: "metadata.annotations", Value: map[string]any{"kustomize.toolkit.fluxcd.io/prune": "disabled", "b": "true"}}},
			"# wide letters\n", "# wide letters\n  annotations:\n    b: \"true\"\n    kustomize.toolkit.fluxcd.io/prune: disabled\n",
		},
		"keys are added": {[]Change{{At: at(2, 1), Op: Add, Field: "metadata", Value: map[string]any{"namespace": "a"}}}, "# wide letters\n", "# wide letters\n  namespace: a\n"},
		"several lines": {
			[]Change{{At: at(6, 3), Op: Remove}, {At: at(14, 11), Op: Set, Value: "x"}, {At: at(2, 1), Op: Add, Field: "metadata", Value: map[string]any{"namespace": "a"}}},
			"", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Apply("k.yaml", []byte(original), c.changes)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Replace(original, c.old, c.new, 1)
			if name == "several lines" {
				want = strings.NewReplacer("- ../base/orthanc\n", "", "'f00d'", "'x'", "# wide letters\n", "# wide letters\n  namespace: a\n").Replace(original)
			}
			if string(got) != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			crlf, err := Apply("k.yaml", []byte(strings.ReplaceAll(original, "\n", "\r\n")), c.changes)
			if err != nil || string(crlf) != strings.ReplaceAll(want, "\n", "\r\n") {
				t.Errorf("with CRLF: %v\n%q", err, crlf)
			}
		})
	}
}

// TestRefused checks that what can't be changed safely is not changed at all.
func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		change Change
	}{
		"no value there":            {"a: b\n", Change{At: at(1, 2), Op: Set, Value: "c"}},
		"a block scalar":            {"a: |\n  b\n", Change{At: at(1, 4), Op: Set, Value: "c"}},
		"two lines":                 {"a: b\n  c\n", Change{At: at(1, 4), Op: Set, Value: "c"}},
		"a key that exists":         {"a: 1\nb: 2\n", Change{At: at(1, 1), Op: Rename, Value: "b"}},
		"a map in one line":         {"metadata: {name: a}\n", Change{At: at(1, 1), Op: Add, Field: "metadata", Value: map[string]any{"b": "c"}}},
		"a list in one line":        {"a: [b, c]\n", Change{At: at(1, 5), Op: Remove}},
		"an anchor that others use": {"a: &x b\nc: *x\n", Change{At: at(1, 4), Op: Set, Value: "d"}},
		"not YAML":                  {"a: [\n", Change{At: at(1, 1), Op: Rename, Value: "b"}},
	} {
		if got, err := Apply("k.yaml", []byte(c.text), []Change{c.change}); err == nil {
			t.Errorf("%s: changed to %q", name, got)
		} else if name != "not YAML" && !errors.Is(err, errRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzApply checks that a change changes one value, and nothing else, or nothing at all.
func FuzzApply(f *testing.F) {
	f.Add([]byte(original), 14, 11, "sha256:x")
	f.Add([]byte("a: 'b'\n---\nc: [d, e]\n"), 3, 5, "no")
	f.Add([]byte("- &a b\n- *a\n"), 1, 3, "1")
	f.Fuzz(func(t *testing.T, text []byte, line, column int, value string) {
		before, err := tree.Parse("k.yaml", text)
		if err != nil {
			return
		}
		change := Change{At: at(line, column), Op: Set, Value: value}
		got, err := Apply("k.yaml", text, []Change{change})
		if err != nil {
			return
		}
		after, err := tree.Parse("k.yaml", got)
		if err != nil || len(after) != len(before) {
			t.Fatalf("%q became %q: %v", text, got, err)
		}
		changed := 0
		for i := range before {
			if !reflect.DeepEqual(before[i].Object, after[i].Object) {
				changed++
			}
		}
		if changed > 1 || changed == 0 && !bytes.Equal(text, got) {
			t.Fatalf("%q became %q, which changes %d documents", text, got, changed)
		}
	})
}
