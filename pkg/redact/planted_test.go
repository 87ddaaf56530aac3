package redact

import (
	"bytes"
	"encoding/json"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/internal/planted"
)

func TestPlantedObjectsAreRedactedOnce(t *testing.T) {
	objects, _ := planted.Cluster(t)
	for _, obj := range objects {
		Redact(obj)
		once, _ := json.Marshal(obj.Object)
		Redact(obj)
		if twice, _ := json.Marshal(obj.Object); !bytes.Equal(once, twice) {
			t.Errorf("redacted twice:\n%s\n%s", once, twice)
		}
	}
}

func BenchmarkRedact(b *testing.B) {
	pristine := planted.Tenants(b, 1000)
	for b.Loop() {
		b.StopTimer()
		objects := make([]*unstructured.Unstructured, len(pristine))
		for i, obj := range pristine {
			objects[i] = obj.DeepCopy()
		}
		b.StartTimer()
		for _, obj := range objects {
			Redact(obj)
		}
	}
	b.ReportMetric(float64(len(pristine)), "objects")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(pristine)), "ns/object")
}
