package snapshot

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kjson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/internal/planted"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/redact"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/decode"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/file"
)

// In testdata/planted every place that may hold a secret has PLANTED, with a
// word of its own, or base64 of it; whatever has KEEP must survive.
const (
	mark = "PLANTED"
	keep = "KEEP"
)

//go:embed testdata/planted
var plantedFiles embed.FS

// plantedObjects are the objects of testdata/planted, and their text.
func plantedObjects(t testing.TB) (objects []*unstructured.Unstructured, text string) {
	t.Helper()
	const dir = "testdata/planted"
	files, err := plantedFiles.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := dir + "/" + file.Name()
		content, err := plantedFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text += string(content)
		for doc := range strings.SplitSeq(string(content), "\n---\n") {
			converted, err := yaml.YAMLToJSON([]byte(doc))
			if err != nil {
				t.Fatal(name, err)
			}
			var fields map[string]any
			if err := kjson.Unmarshal(converted, &fields); err != nil {
				t.Fatal(name, err)
			}
			objects = append(objects, &unstructured.Unstructured{Object: fields})
		}
	}
	return objects, text
}

func fileOf(t testing.TB, objects []*unstructured.Unstructured) []byte {
	t.Helper()
	b := NewBuilder()
	for _, obj := range objects {
		gvk := obj.GroupVersionKind()
		b.Add(Asked{Group: gvk.Group, Version: gvk.Version, Kind: gvk.Kind, Resource: object.PluralOf(gvk.Kind)}, obj)
	}
	return written(t, b.Build(Meta{At: sampleAt}))
}

func TestNoPlantedSecretIsSaved(t *testing.T) {
	objects, source := plantedObjects(t)
	saved := unpack(t, fileOf(t, objects))
	if n := strings.Count(source, mark); n < 70 {
		t.Fatalf("only %d secrets are planted", n)
	}
	for line := range bytes.Lines(saved) {
		if bytes.Contains(line, []byte(mark)) {
			t.Errorf("saved: %s", line)
		}
		for i, encoded := range planted.EncodedForms(mark) {
			if bytes.Contains(line, []byte(encoded)) {
				t.Errorf("saved in base64 (shifted by %d): %s", i, line)
			}
		}
	}
}

func TestFactsAreSaved(t *testing.T) {
	objects, source := plantedObjects(t)
	saved := string(unpack(t, fileOf(t, objects)))
	count := 0
	for word := range strings.FieldsFuncSeq(source, func(r rune) bool { return !mask.IsKeyByte(byte(r)) || r > 127 }) {
		if !strings.HasPrefix(word, keep) {
			continue
		}
		count++
		if !strings.Contains(saved, word) {
			t.Errorf("%s is not saved", word)
		}
	}
	if count < 60 {
		t.Errorf("only %d facts are looked for", count)
	}
}

func TestPlantedObjectsAreRedactedOnce(t *testing.T) {
	objects, _ := plantedObjects(t)
	for _, obj := range objects {
		redact.Redact(obj)
		once, _ := json.Marshal(obj.Object)
		redact.Redact(obj)
		if twice, _ := json.Marshal(obj.Object); !bytes.Equal(once, twice) {
			t.Errorf("redacted twice:\n%s\n%s", once, twice)
		}
	}
}

// many is a snapshot of so many tenants: seven Flux objects and three pods
// each, from the objects of testdata.
func many(t testing.TB, tenants int) []*unstructured.Unstructured {
	objects, _ := plantedObjects(t)
	var all []*unstructured.Unstructured
	wanted := map[string]int{"Kustomization": 5, "HelmRelease": 2, "Pod": 3, "Deployment": 1}
	for _, obj := range objects {
		for i := range wanted[obj.GetKind()] {
			for tenant := range tenants {
				one := obj.DeepCopy()
				one.SetNamespace(fmt.Sprintf("tenant-%04d", tenant))
				one.SetName(fmt.Sprintf("%s-%d", obj.GetName(), i))
				all = append(all, one)
			}
		}
	}
	return all
}

func BenchmarkRedact(b *testing.B) {
	pristine := many(b, 1000)
	for b.Loop() {
		b.StopTimer()
		objects := make([]*unstructured.Unstructured, len(pristine))
		for i, obj := range pristine {
			objects[i] = obj.DeepCopy()
		}
		b.StartTimer()
		for _, obj := range objects {
			redact.Redact(obj)
		}
	}
	b.ReportMetric(float64(len(pristine)), "objects")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(pristine)), "ns/object")
}

func BenchmarkMaskOrdinary(b *testing.B) {
	for b.Loop() {
		for _, text := range ordinaryTexts {
			mask.Mask(text)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(ordinaryTexts)), "ns/text")
}

func BenchmarkWrite(b *testing.B) {
	s, err := file.Read(bytes.NewReader(fileOf(b, many(b, 1000))))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		written(b, s)
	}
}

func BenchmarkRead(b *testing.B) {
	path := fileOf(b, many(b, 1000))
	b.SetBytes(int64(len(unpack(b, path))))
	for b.Loop() {
		if _, err := file.Read(bytes.NewReader(path)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(path))/(1<<20), "MiB-file")
}

// BenchmarkBlockYAML is why objects are not saved in block style.
func BenchmarkBlockYAML(b *testing.B) {
	objects := many(b, 10)
	var texts [][]byte
	size := 0
	for _, obj := range objects {
		text, err := yaml.Marshal(obj.Object)
		if err != nil {
			b.Fatal(err)
		}
		texts = append(texts, text)
		size += len(text)
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		for _, text := range texts {
			if _, err := decode.ParseMap(decode.Document{Text: text}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
