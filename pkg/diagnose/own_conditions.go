package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// ownCondition is a condition in an object's status, with where it stands.
type ownCondition struct {
	condition
	path string
	// severity is Cluster API's and Knative's: "Error", "Warning" or "Info".
	severity string
	// observed is the generation that the condition is about, 0 when it has none.
	observed int64
}

// conditionHolders are the lists in a status whose entries have conditions: of
// the parents of routes, the listeners of Gateways and the ancestors of policies
// (Gateway API v1), and of the devices of ResourceClaims.
var conditionHolders = []string{"parents", "listeners", "ancestors", "devices"}

// ownConditions are all conditions in an object's status.
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
				found = append(found, conditionsAt(holder, fmt.Sprintf("status.%s[%s]", list, entryKey(entries, i)))...)
			}
		}
	}
	return found
}

// entryKey selects an entry of a list in a path: by its name where that is its
// own, by its index otherwise.
func entryKey(entries []any, i int) string {
	name := func(entry any) string {
		named, _ := entry.(map[string]any)
		return cmp.Or(field.Text(named, "name"), field.Text(named, "type"))
	}
	key := name(entries[i])
	same := func(entry any) bool { return name(entry) == key }
	if key == "" || strings.ContainsAny(key, "]\"'") || slices.IndexFunc(entries, same) != i {
		return fmt.Sprint(i)
	}
	return key
}

func conditionsAt(holder map[string]any, path string) []ownCondition {
	var found []ownCondition
	entries, _ := holder["conditions"].([]any)
	for i, entry := range entries {
		c, ok := entry.(map[string]any)
		if !ok || field.Text(c, "type") == "" {
			continue
		}
		own := ownCondition{
			condition: condition{
				kind: field.Text(c, "type"), status: statusText(c["status"]), reason: field.Text(c, "reason"),
				message: strings.TrimSpace(field.Text(c, "message")), since: field.Time(c, "lastTransitionTime"),
			},
			path:     fmt.Sprintf("%s.conditions[%s]", path, entryKey(entries, i)),
			severity: field.Text(c, "severity"), observed: field.Int(c, "observedGeneration"),
		}
		if own.status == "" && polarityOf(own.kind) == fault { // Argo CD lists those that apply, without a status
			own.status = "True"
		}
		found = append(found, own)
	}
	return found
}

// statusText is a condition's status as the API conventions write it. Some
// controllers write a flag, or lower case.
func statusText(status any) string {
	switch v := status.(type) {
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		for _, known := range []string{"True", "False", "Unknown"} {
			if strings.EqualFold(v, known) {
				return known
			}
		}
		return v
	}
	return ""
}

// proof is the condition as evidence.
func (c ownCondition) proof(obj *unstructured.Unstructured) finding.Evidence {
	value, _ := field.Read(obj.Object, c.path)
	stated, _ := value.(map[string]any)
	if c.reason == "" && c.message != "" {
		return evidence(obj, c.path, c.message, c.since)
	}
	words := strings.TrimSuffix(c.reason+": "+c.message, ": ")
	return evidence(obj, c.path, strings.TrimSpace(field.Text(stated, "status")+" "+words), c.since)
}

// says is the condition as a clause of a sentence: its message, or what it is.
func (c ownCondition) says() string {
	if line := firstLine(c.message); line != "" {
		return line
	}
	text := c.kind + " is " + c.status
	if c.reason != "" {
		text += " (" + c.reason + ")"
	}
	return text
}

// verdict is what the condition means for the object: Ready where it says
// nothing against it.
func (c ownCondition) verdict() health.Status {
	bad := c.status == "False" || c.status == "Degraded" // Prometheus operator
	switch polarityOf(c.kind) {
	case wanted:
		switch {
		case c.status == "Unknown", bad && tellsProgress(c.reason), bad && c.severity == "Info":
			return health.Progressing
		case bad:
			return health.Failing
		}
	case goal:
		switch {
		case bad && (tellsFailure(c.reason) || tellsFailure(c.firstWord())):
			return health.Failing
		case c.status == "Unknown" || bad:
			return health.Progressing
		}
	case fault:
		switch {
		case c.status == "True" && tellsProgress(c.reason):
			return health.Progressing
		case c.status == "True":
			return health.Failing
		}
	case working:
		if c.status == "True" {
			return health.Progressing
		}
	case halted:
		if c.status == "True" {
			return health.Suspended
		}
	case neutral:
		if c.kind == "Progressing" && bad && tellsFailure(c.reason) {
			return health.Failing
		}
	}
	return health.Ready
}

// firstWord is the first word of the message that tells failure, as controllers
// begin an error: "cannot unpack package: …".
func (c ownCondition) firstWord() string {
	word, _, _ := strings.Cut(c.message, " ")
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + strings.TrimRight(word[1:], ":,")
}

// judges tells whether the condition says anything about the object's state.
func (c ownCondition) judges() bool {
	return polarityOf(c.kind) != neutral && c.status != ""
}

// summary tells whether the condition sums up the others.
func (c ownCondition) summary() bool {
	return slices.Contains([]string{"Ready", "Available", "Succeeded", "Healthy", "Complete"}, c.kind) && strings.HasPrefix(c.path, "status.conditions")
}
