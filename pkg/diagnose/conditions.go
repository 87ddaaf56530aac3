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
	c := field.ConditionOf(obj, kind)
	return condition{
		kind: kind, status: c.Status, reason: c.Reason, message: c.Message, since: c.Since,
	}
}

// field is where the condition stands, for evidence.
func (c condition) field() string { return "status.conditions[" + c.kind + "]" }

// firstLine is a message's first line, without a full stop.
func firstLine(message string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	return strings.TrimSuffix(strings.TrimSpace(line), ".")
}
