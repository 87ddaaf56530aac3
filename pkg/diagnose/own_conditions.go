package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// ownCondition is a condition in the status of an object.
type ownCondition struct{ field.Condition }

// conditionHolders are the lists in a status whose entries have conditions: the parents
// of routes, the listeners of Gateways and the ancestors of policies (Gateway API v1),
// the devices of ResourceClaims, and the routers of OpenShift Routes.
var conditionHolders = []string{"parents", "listeners", "ancestors", "devices", "ingress"}

// ownConditions are all conditions in the status of an object.
func ownConditions(obj *unstructured.Unstructured) []ownCondition {
	status := field.Map(obj.Object, "status")
	found := conditionsAt(status, "status")
	if len(found) == 0 { // Cluster API v1.9 has both
		found = conditionsAt(field.Map(status, "v1beta2"), "status.v1beta2")
	}
	for _, list := range conditionHolders {
		entries, _ := status[list].([]any)
		for i, entry := range entries {
			if holder, ok := entry.(map[string]any); ok {
				found = append(found, conditionsAt(holder, fmt.Sprintf("status.%s[%s]", list, field.EntryKey(entries, i)))...)
			}
		}
	}
	return found
}

func conditionsAt(holder map[string]any, path string) []ownCondition {
	var found []ownCondition
	for _, c := range field.Conditions(holder, path) {
		if c.Status == "" && polarityOf(c.Type) == fault { // Argo CD lists those that apply, without a status
			c.Status = "True"
		}
		found = append(found, ownCondition{c})
	}
	return found
}

// proof is the condition as evidence.
func (c ownCondition) proof(obj *unstructured.Unstructured) finding.Evidence {
	value, _ := field.Read(obj.Object, c.Path)
	stated, _ := value.(map[string]any)
	if c.Reason == "" && c.Message != "" {
		return evidence(obj, c.Path, c.Message, c.Since)
	}
	words := strings.TrimSuffix(c.Reason+": "+c.Message, ": ")
	return evidence(obj, c.Path, strings.TrimSpace(field.Text(stated, "status")+" "+words), c.Since)
}

// says is the condition as a clause of a message: its message, or its status.
func (c ownCondition) says() string {
	if line := firstLine(c.Message); line != "" {
		return line
	}
	text := c.Type + " is " + c.Status
	if c.Reason != "" {
		text += " (" + c.Reason + ")"
	}
	return text
}

// verdict is what the condition means for the object: Ready if it reports no problem.
func (c ownCondition) verdict() health.Status {
	bad := c.Status == "False" || c.Status == "Degraded" // Prometheus operator
	if c.warns() {                                       // of an object that works
		return health.Ready
	}
	switch polarityOf(c.Type) {
	case wanted:
		switch {
		case c.Status != "True" && tellsPause(c.Reason):
			return health.Suspended
		case c.Status == "Unknown", bad && tellsProgress(c.Reason), bad && c.Severity == "Info":
			return health.Progressing
		case bad:
			return health.Failing
		}
	case goal:
		switch {
		case bad && (tellsFailure(c.Reason) || tellsFailure(c.firstWord())):
			return health.Failing
		case c.Status == "Unknown" || bad:
			return health.Progressing
		}
	case fault:
		switch {
		case c.Status == "True" && tellsProgress(c.Reason):
			return health.Progressing
		case c.Status == "True":
			return health.Failing
		}
	case working:
		if c.Status == "True" {
			return health.Progressing
		}
	case halted:
		if c.Status == "True" {
			return health.Suspended
		}
	case neutral:
		if c.Type == "Progressing" && bad && tellsFailure(c.Reason) {
			return health.Failing
		}
	}
	return health.Ready
}

// warns reports whether the condition needs attention but does not affect whether the
// object works: OrphanedResourceWarning of Argo CD, TooManySnapshots of Longhorn.
func (c ownCondition) warns() bool {
	if c.Type == "NoWarnings" { // RabbitMQ's operator
		return c.Status == "False"
	}
	return c.Status == "True" && (strings.HasSuffix(c.Type, "Warning") && c.Type != "Warning" || strings.HasPrefix(c.Type, "TooMany"))
}

// firstWord is the first word of the message if it indicates a failure, as controllers
// begin an error: "cannot unpack package: …".
func (c ownCondition) firstWord() string {
	word, _, _ := strings.Cut(c.Message, " ")
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + strings.TrimRight(word[1:], ":,")
}

// judges reports whether the condition is about the state of the object.
func (c ownCondition) judges() bool {
	return polarityOf(c.Type) != neutral && c.Status != ""
}

// summary reports whether the condition summarizes the others.
func (c ownCondition) summary() bool {
	return slices.Contains([]string{"Ready", "Available", "Succeeded", "Healthy", "Complete"}, c.Type) && strings.HasPrefix(c.Path, "status.conditions")
}
