package diagnose

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// prove adds fields of an object to the evidence of a finding, so that evidence is read
// from the object and never composed. A field that the object does not have is no
// evidence, and none is added twice.
func prove(f *finding.Finding, obj *unstructured.Unstructured, paths ...string) {
	for _, path := range paths {
		value, ok := field.Quote(obj.Object, path)
		if !ok {
			continue
		}
		e := evidence(obj, path, value, time.Time{})
		if !slices.Contains(f.Evidence, e) {
			f.Evidence = append(f.Evidence, e)
		}
	}
}

// absent is the evidence that an object does not exist.
func absent(ref finding.Ref) finding.Evidence {
	return finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"}
}
