package decode

import (
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/internal/planted"
)

// BenchmarkBlockYAML shows why objects are not saved in block style.
func BenchmarkBlockYAML(b *testing.B) {
	objects := planted.Tenants(b, 10)
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
			if _, err := ParseMap(Document{Text: text}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
