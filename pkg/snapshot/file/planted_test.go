package file

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/internal/planted"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

func fileOf(t testing.TB, objects []*unstructured.Unstructured) []byte {
	t.Helper()
	b := snapshot.NewBuilder()
	for _, obj := range objects {
		gvk := obj.GroupVersionKind()
		b.Add(snapshot.Request{Group: gvk.Group, Version: gvk.Version, Kind: gvk.Kind, Resource: object.PluralOf(gvk.Kind)}, obj)
	}
	return written(t, b.Build(snapshot.Meta{At: sampleAt}))
}

func TestNoPlantedSecretIsSaved(t *testing.T) {
	objects, source := planted.Cluster(t)
	saved := unpack(t, fileOf(t, objects))
	if n := strings.Count(source, planted.Mark); n < 70 {
		t.Fatalf("only %d secrets are planted", n)
	}
	for line := range bytes.Lines(saved) {
		if bytes.Contains(line, []byte(planted.Mark)) {
			t.Errorf("saved: %s", line)
		}
		for i, encoded := range planted.EncodedForms(planted.Mark) {
			if bytes.Contains(line, []byte(encoded)) {
				t.Errorf("saved in base64 (shifted by %d): %s", i, line)
			}
		}
	}
}

func TestFactsAreSaved(t *testing.T) {
	objects, source := planted.Cluster(t)
	saved := string(unpack(t, fileOf(t, objects)))
	count := 0
	for word := range strings.FieldsFuncSeq(source, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.", r)
	}) {
		if !strings.HasPrefix(word, planted.Keep) {
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

func BenchmarkWrite(b *testing.B) {
	s, err := Read(bytes.NewReader(fileOf(b, planted.Tenants(b, 1000))))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		written(b, s)
	}
}

func BenchmarkRead(b *testing.B) {
	path := fileOf(b, planted.Tenants(b, 1000))
	b.SetBytes(int64(len(unpack(b, path))))
	for b.Loop() {
		if _, err := Read(bytes.NewReader(path)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(path))/(1<<20), "MiB-file")
}
