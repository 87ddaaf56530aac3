package schema

import (
	"encoding/json"
	"os"
	"runtime"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// BenchmarkValidate validates 5,000 objects: the test cases, over and over.
func BenchmarkValidate(b *testing.B) {
	data, err := os.ReadFile("testdata/objects.yaml")
	if err != nil {
		b.Fatal(err)
	}
	var cases []struct{ Object map[string]any }
	parse(b, string(data), &cases)
	set := NewSet()
	for _, c := range cases {
		set.Validate(c.Object)
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range 5_000 {
			set.Validate(cases[i%len(cases)].Object)
		}
	}
}

// BenchmarkRead reads the embedded files, and decodes the schema of a Deployment; then those of
// all kinds. It reports the memory that all of them keep.
func BenchmarkRead(b *testing.B) {
	for name, all := range map[string]bool{"Deployment": false, "all": true} {
		b.Run(name, func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var keep []*bundle
			for b.Loop() {
				keep = keep[:0]
				for _, file := range [][]byte{kubernetesFile, crdsFile} {
					read := mustReadBundle(file, len(keep) == 0)
					for kind := range read.kinds {
						if all || kind.Kind == "Deployment" {
							read.lookup(kind)
						}
					}
					keep = append(keep, read)
				}
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1024, "KiB-kept")
			runtime.KeepAlive(keep)
		})
	}
}

// BenchmarkAddCRD adds the definition of a small kind.
func BenchmarkAddCRD(b *testing.B) {
	crd := unstructured.Unstructured{}
	parse(b, shipCRD, &crd.Object)
	text, _ := json.Marshal(crd.Object)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if err := NewSet().AddCRD(&crd); err != nil {
			b.Fatal(err)
		}
	}
}
