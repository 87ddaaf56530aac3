package selfreport

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Condition is a condition in the status of an object.
type Condition struct{ object.Condition }

// conditionHolders are the lists in a status whose entries have conditions: the parents
// of routes, the listeners of Gateways and the ancestors of policies (Gateway API v1),
// the devices of ResourceClaims, and the routers of OpenShift Routes.
var conditionHolders = []string{"parents", "listeners", "ancestors", "devices", "ingress"}

// Conditions are all conditions in the status of an object.
func Conditions(obj *unstructured.Unstructured) []Condition {
	status := object.Map(obj.Object, "status")
	found := conditionsAt(status, "status")
	if len(found) == 0 { // Cluster API v1.9 has both
		found = conditionsAt(object.Map(status, "v1beta2"), "status.v1beta2")
	}
	for _, list := range conditionHolders {
		entries, _ := status[list].([]any)
		for i, entry := range entries {
			if holder, ok := entry.(map[string]any); ok {
				found = append(found, conditionsAt(holder, fmt.Sprintf("status.%s[%s]", list, object.EntryKey(entries, i)))...)
			}
		}
	}
	return found
}

func conditionsAt(holder map[string]any, path string) []Condition {
	var found []Condition
	for _, c := range object.Conditions(holder, path) {
		if c.Status == "" && polarityOf(c.Type) == fault { // Argo CD lists those that apply, without a status
			c.Status = "True"
		}
		found = append(found, Condition{c})
	}
	return found
}

// Proof is the condition as evidence.
func (c Condition) Proof(obj *unstructured.Unstructured) finding.Evidence {
	value, _ := object.Read(obj.Object, c.Path)
	stated, _ := value.(map[string]any)
	if c.Reason == "" && c.Message != "" {
		return engine.Evidence(obj, c.Path, c.Message, c.Since)
	}
	words := strings.TrimSuffix(c.Reason+": "+c.Message, ": ")
	return engine.Evidence(obj, c.Path, strings.TrimSpace(object.Text(stated, "status")+" "+words), c.Since)
}

// Clause is the condition as a clause of a message: its message, or its status.
func (c Condition) Clause() string {
	if line := health.FirstLine(c.Message); line != "" {
		return line
	}
	text := c.Type + " is " + c.Status
	if c.Reason != "" {
		text += " (" + c.Reason + ")"
	}
	return text
}

// Verdict is what the condition means for the object: Ready if it reports no problem.
func (c Condition) Verdict() health.Status {
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
func (c Condition) warns() bool {
	if c.Type == "NoWarnings" { // RabbitMQ's operator
		return c.Status == "False"
	}
	return c.Status == "True" && (strings.HasSuffix(c.Type, "Warning") && c.Type != "Warning" || strings.HasPrefix(c.Type, "TooMany"))
}

// firstWord is the first word of the message if it indicates a failure, as controllers
// begin an error: "cannot unpack package: …".
func (c Condition) firstWord() string {
	word, _, _ := strings.Cut(c.Message, " ")
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + strings.TrimRight(word[1:], ":,")
}

// judges reports whether the condition is about the state of the object.
func (c Condition) judges() bool {
	return polarityOf(c.Type) != neutral && c.Status != ""
}

// summary reports whether the condition summarizes the others.
func (c Condition) summary() bool {
	return slices.Contains([]string{"Ready", "Available", "Succeeded", "Healthy", "Complete"}, c.Type) && strings.HasPrefix(c.Path, "status.conditions")
}

// UnreadableCondition is the part of the conditions of an object that does not follow
// the API conventions: a list of entries with a type and a status as text.
func UnreadableCondition(obj *unstructured.Unstructured) (string, bool) {
	status := object.Map(obj.Object, "status")
	if why, ok := unreadableAt(status, "status"); ok {
		return why, true
	}
	for _, list := range conditionHolders {
		entries, _ := status[list].([]any)
		for i, entry := range entries {
			holder, _ := entry.(map[string]any)
			if why, ok := unreadableAt(holder, fmt.Sprintf("status.%s[%s]", list, object.EntryKey(entries, i))); ok {
				return why, true
			}
		}
	}
	return "", false
}

func unreadableAt(holder map[string]any, path string) (string, bool) {
	path += ".conditions"
	if holder["conditions"] == nil {
		return "", false
	}
	entries, ok := object.ConditionEntries(holder)
	if !ok {
		return path + " is not a list of conditions", true
	}
	for i, entry := range entries {
		c, isMap := entry.(map[string]any)
		status, given := c["status"]
		_, isText := status.(string)
		_, isFlag := status.(bool)
		// Argo CD gives no status, and OLM keeps a history of phases in this list.
		if !isMap || given && (object.Text(c, "type") == "" || !isText && !isFlag) {
			return fmt.Sprintf("%s[%d] is not a condition", path, i), true
		}
	}
	return "", false
}
