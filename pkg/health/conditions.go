package health

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
)

// condition is an entry of status.conditions, in the form that Kubernetes'
// API conventions give it (metav1.Condition). The zero condition stands for
// one that is not there.
type condition struct {
	status, reason, message string
	since                   time.Time
	observedGeneration      int64
}

func (c condition) is(status string) bool { return c.status == status }

func conditionOf(obj *unstructured.Unstructured, name string) condition {
	c := field.Condition(obj.Object, name)
	return condition{
		status:             field.Text(c, "status"),
		reason:             field.Text(c, "reason"),
		message:            field.Text(c, "message"),
		since:              field.Time(c, "lastTransitionTime"),
		observedGeneration: field.Int(c, "observedGeneration"),
	}
}

// behind tells whether the controller has not yet looked at today's spec, by
// status.observedGeneration and by the condition's own, where it has one.
func (c condition) behind(obj *unstructured.Unstructured) bool {
	return field.Int(obj.Object, "status", "observedGeneration") < obj.GetGeneration() || c.outdated(obj)
}

// outdated is behind for kinds whose status has no observedGeneration of its
// own, only their conditions have.
func (c condition) outdated(obj *unstructured.Unstructured) bool {
	return c.observedGeneration > 0 && c.observedGeneration < obj.GetGeneration()
}

// unseenSince is since when nobody has acted on an object's newest spec: for
// the first one since it was created, for a later one nothing tells.
func unseenSince(obj *unstructured.Unstructured) time.Time {
	if obj.GetGeneration() > 1 {
		return time.Time{}
	}
	return obj.GetCreationTimestamp().Time
}
