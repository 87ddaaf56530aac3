package health

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// unobservedSince is since when the newest spec of an object has not been observed: the
// first one since the object was created; for a later one, it is not known.
func unobservedSince(obj *unstructured.Unstructured) time.Time {
	if obj.GetGeneration() > 1 {
		return time.Time{}
	}
	return obj.GetCreationTimestamp().Time
}
