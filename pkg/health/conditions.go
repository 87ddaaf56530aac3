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
	for _, c := range field.List(obj.Object, "status", "conditions") {
		if field.Text(c, "type") == name {
			return condition{
				status:             field.Text(c, "status"),
				reason:             field.Text(c, "reason"),
				message:            field.Text(c, "message"),
				since:              field.Time(c, "lastTransitionTime"),
				observedGeneration: field.Int(c, "observedGeneration"),
			}
		}
	}
	return condition{}
}

// behind tells whether the controller has not yet looked at today's spec, by
// status.observedGeneration and by the condition's own, where it has one.
func (c condition) behind(obj *unstructured.Unstructured) bool {
	today := obj.GetGeneration()
	return field.Int(obj.Object, "status", "observedGeneration") < today ||
		c.observedGeneration > 0 && c.observedGeneration < today
}
