package diagnose

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
)

// condition is an entry of status.conditions; the zero one is not there.
type condition struct {
	kind, status, reason, message string
	since                         time.Time
}

func conditionOf(obj *unstructured.Unstructured, kind string) condition {
	c := field.Condition(obj.Object, kind)
	return condition{
		kind: kind, status: field.Text(c, "status"), reason: field.Text(c, "reason"),
		message: strings.TrimSpace(field.Text(c, "message")), since: field.Time(c, "lastTransitionTime"),
	}
}

// field is where the condition stands, for evidence.
func (c condition) field() string { return "status.conditions[" + c.kind + "]" }

// firstLine is a message's first line, without a full stop.
func firstLine(message string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	return strings.TrimSuffix(strings.TrimSpace(line), ".")
}
