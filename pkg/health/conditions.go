package health

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// unseenSince is since when nobody has acted on an object's newest spec: for
// the first one since it was created, for a later one nothing tells.
func unseenSince(obj *unstructured.Unstructured) time.Time {
	if obj.GetGeneration() > 1 {
		return time.Time{}
	}
	return obj.GetCreationTimestamp().Time
}
