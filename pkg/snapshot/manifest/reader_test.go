package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/decode"
)

// printedObjects have texts that look like the markers of a list, or of a document.
func printedObjects() []any {
	texts := []string{"- item\n- another\n", "items:\n- a\n", "a\n\n\nb\n", "# no comment\n", "a: b\n  - c\n", "{[\"}", "==== START logs\n{\n", "\"items\":[{", "x\\\"", strings.Repeat("long ", 60)}
	var objects []any
	for i, text := range texts {
		objects = append(objects, map[string]any{
			"apiVersion": "apps/v1", "kind": "Deployment",
			"metadata": map[string]any{"name": fmt.Sprintf("d%d", i), "namespace": "bhs"},
			"spec":     map[string]any{"note": text, "items": []any{map[string]any{"key": "a"}, "b", int64(i)}, text: nil},
			"status":   map[string]any{"conditions": []any{map[string]any{"type": "Ready", "message": text}}},
		})
	}
	return objects
}

// TestPrintedForms checks that the same objects are read from every form of a List that kubectl
// and other tools print.
func TestPrintedForms(t *testing.T) {
	list := map[string]any{"apiVersion": "v1", "kind": "List", "items": printedObjects(), "metadata": map[string]any{"resourceVersion": ""}}
	block, err := yaml.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	indented, err := json.MarshalIndent(list, "", "    ")
	if err != nil {
		t.Fatal(err)
	}
	var documents, values bytes.Buffer
	for _, obj := range printedObjects() {
		text, err := yaml.Marshal(obj)
		if err != nil {
			t.Fatal(err)
		}
		documents.WriteString("---\n" + string(text))
		text, err = json.Marshal(obj)
		if err != nil {
			t.Fatal(err)
		}
		values.WriteString(string(text) + "\n==== START logs\n{ not JSON\n==== END logs\nWarning: x\n")
	}
	head, items, _ := strings.Cut(string(block), "items:\n")
	items, tail, _ := strings.Cut(items, "kind: List\n")
	deeper := ""
	for line := range strings.Lines(items) {
		if line != "\n" {
			line = "  " + line
		}
		deeper += line
	}
	inList, alone := wanted(t, compact), wanted(t, values.Bytes())
	for form, c := range map[string]struct {
		text string
		want []map[string]any
	}{
		"JSON in a line":           {string(compact), inList},
		"JSON, indented":           {string(indented), inList},
		"JSON behind a BOM":        {"\ufeff" + string(indented), inList},
		"JSON, CRLF":               {strings.ReplaceAll(string(indented), "\n", "\r\n"), inList},
		"JSON, UTF-16":             {utf16LE(string(indented)), inList},
		"YAML as kubectl prints":   {string(block), inList},
		"YAML, UTF-16":             {utf16LE(string(block)), inList},
		"YAML, items indented":     {head + "items:\n" + deeper + "kind: List\n" + tail, inList},
		"YAML, kind first":         {"kind: List\n" + head + "items:\n" + items + tail, inList},
		"YAML, comments":           {"# head\n" + head + "items:\n# first\n\n" + strings.ReplaceAll(items, "\n- apiVersion", "\n# next\n- apiVersion") + "kind: List\n" + tail, inList},
		"YAML, flow style":         {"kind: List\napiVersion: v1\nitems: " + string(mustJSON(t, list["items"])) + "\n", inList},
		"YAML, flow items":         {"kind: List\napiVersion: v1\nitems:\n- " + strings.Join(eachJSON(t), "\n- ") + "\n", inList},
		"YAML, the dash by itself": {head + "items:\n" + strings.ReplaceAll(items, "- apiVersion", "-\n  apiVersion") + "kind: List\n" + tail, inList},
		"YAML documents":           {documents.String(), alone},
		"YAML documents that end":  {strings.ReplaceAll(documents.String(), "---\n", "...\n"), alone},
		"a directive":              {"%YAML 1.1\n---\n" + string(block), inList},
		"a List in a document":     {"---\n" + string(block) + "---\n", inList},
		"values with logs between": {values.String(), alone},
	} {
		t.Run(form, func(t *testing.T) {
			if got := wanted(t, []byte(c.text)); !reflect.DeepEqual(got, c.want) || len(got) != len(printedObjects()) {
				t.Errorf("%d objects, want %d, or they differ", len(got), len(c.want))
			}
		})
	}
}

// TestJSONThenYAML checks that the text after a JSON value is read.
func TestJSONThenYAML(t *testing.T) {
	got := wanted(t, []byte(`{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}`+"\n---\nkind: Pod\napiVersion: v1\nmetadata: {name: b}\n"))
	if len(got) != 2 {
		t.Errorf("%d objects, want 2", len(got))
	}
}

// TestPrintedItems checks an object that has a field "items", and a List that has no items.
func TestPrintedItems(t *testing.T) {
	for text, want := range map[string]int{
		"kind: Pod\napiVersion: v1\nitems:\n- a\n- {b: 1}\nmetadata: {name: x}\n":             1,
		`{"kind":"Pod","apiVersion":"v1","items":["a",[1,{"b":[]}]],"metadata":{"name":"x"}}`: 1,
		"kind: List\napiVersion: v1\nitems:\n":                                                0,
		"kind: List\napiVersion: v1\nitems: []\n":                                             0,
		`{"kind":"List","apiVersion":"v1","items":[ ]}`:                                       0,
		`{"kind":"List","apiVersion":"v1","items":null}`:                                      0,
		"kind: List\napiVersion: v1\nitems:\n- kind: PodList\n  apiVersion: v1\n  items:\n  - metadata: {name: x}\n  - metadata: {name: z}\n": 2,
		`{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"x"}}]}`:                                                            1,
	} {
		s, err := ReadObjects([]File{{Name: "f", Content: strings.NewReader(text)}}, ObjectsOptions{})
		if want == 0 {
			if err == nil {
				t.Errorf("%s: there are objects", text)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := s.List(schema.GroupKind{Kind: "Pod"}, "").Objects; len(got) != want {
			t.Errorf("%s: %d objects, want %d", text, len(got), want)
		}
	}
}

// wanted are the objects of a text, parsed one by one.
func wanted(t *testing.T, text []byte) []map[string]any {
	t.Helper()
	var objects []map[string]any
	file := File{Name: "f", Content: bytes.NewReader(text)}
	if err := file.read(&decode.Budget{}, func(p printed) {
		objects = append(objects, (&unstructured.Unstructured{Object: p.Object}).DeepCopy().Object)
	}); err != nil {
		t.Fatal(err)
	}
	return objects
}

func eachJSON(t *testing.T) (texts []string) {
	for _, obj := range printedObjects() {
		texts = append(texts, string(mustJSON(t, obj)))
	}
	return texts
}

func mustJSON(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// utf16LE encodes the text as PowerShell writes it.
func utf16LE(text string) string {
	b := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		b = append(b, byte(unit), byte(unit>>8))
	}
	return string(b)
}
