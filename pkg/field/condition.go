package field

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Condition is an entry of a list of conditions, in the form that Kubernetes'
// API conventions give it (metav1.Condition). One without a status is not there.
type Condition struct {
	Type string
	// Status is True, False, Unknown, or a word that only its controller uses.
	Status string
	Reason string
	// Message is the whole message, without white space around it.
	Message string
	// Since is its lastTransitionTime.
	Since time.Time
	// ObservedGeneration is the generation that it is about, 0 when it has none.
	ObservedGeneration int64
	// Severity is Cluster API's and Knative's: "Error", "Warning" or "Info".
	Severity string
	// Path is where it stands in the object (Read): "status.conditions[Ready]".
	Path string
}

// Is tells whether the condition has that status.
func (c Condition) Is(status string) bool { return c.Status == status }

// Outdated tells whether the condition is about an earlier spec, by its own
// observedGeneration.
func (c Condition) Outdated(obj *unstructured.Unstructured) bool {
	return c.ObservedGeneration > 0 && c.ObservedGeneration < obj.GetGeneration()
}

// Behind tells whether the controller has not yet acted on the newest spec, by
// status.observedGeneration or by the condition's own.
func (c Condition) Behind(obj *unstructured.Unstructured) bool {
	return Int(obj.Object, "status", "observedGeneration") < obj.GetGeneration() || c.Outdated(obj)
}

// ConditionOf is the entry of an object's status.conditions of that type. Where
// there is none it has a Type and a Path, and nothing else.
func ConditionOf(obj *unstructured.Unstructured, kind string) Condition {
	path := "status.conditions[" + kind + "]"
	for _, entry := range List(obj.Object, "status", "conditions") {
		if Text(entry, "type") == kind {
			return conditionFrom(entry, path)
		}
	}
	return Condition{Type: kind, Path: path}
}

// Conditions are the entries of the conditions that a part of an object has
// ("status" or "status.listeners[https]"), in their order; path is where that
// part stands. Entries without a type are left out.
func Conditions(part map[string]any, path string) []Condition {
	entries, _ := ConditionEntries(part)
	var found []Condition
	for i, entry := range entries {
		if c, ok := entry.(map[string]any); ok && Text(c, "type") != "" {
			found = append(found, conditionFrom(c, fmt.Sprintf("%s.conditions[%s]", path, EntryKey(entries, i))))
		}
	}
	return found
}

// ConditionEntries are the conditions of a part of an object as a list, and whether
// that is what they are. Longhorn's API up to v1beta1 has a map of them by type;
// its entries come in the types' order.
func ConditionEntries(part map[string]any) ([]any, bool) {
	switch conditions := part["conditions"].(type) {
	case []any:
		return conditions, true
	case map[string]any:
		var entries []any
		for _, kind := range slices.Sorted(maps.Keys(conditions)) {
			c, ok := conditions[kind].(map[string]any)
			if !ok || Text(c, "type") != kind {
				return nil, false
			}
			entries = append(entries, c)
		}
		return entries, true
	}
	return nil, false
}

func conditionFrom(entry map[string]any, path string) Condition {
	return Condition{
		Type: Text(entry, "type"), Status: statusText(entry["status"]),
		Reason: Text(entry, "reason"), Message: strings.TrimSpace(Text(entry, "message")),
		Since: Time(entry, "lastTransitionTime"), ObservedGeneration: Int(entry, "observedGeneration"),
		Severity: Text(entry, "severity"), Path: path,
	}
}

// EntryKey selects an entry of a list in a path: by its name or type where no
// other has it, by its index otherwise.
func EntryKey(entries []any, i int) string {
	name := func(entry any) string {
		named, _ := entry.(map[string]any)
		return cmp.Or(Text(named, "name"), Text(named, "type"))
	}
	key := name(entries[i])
	same := func(entry any) bool { return name(entry) == key }
	if key == "" || strings.ContainsAny(key, "]\"'") || slices.IndexFunc(entries, same) != i {
		return fmt.Sprint(i)
	}
	return key
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
