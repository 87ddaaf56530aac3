package object

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Condition is an entry of a list of conditions, in the form of the Kubernetes API
// conventions (metav1.Condition). A condition without a status does not exist.
type Condition struct {
	Type string
	// Status is True, False, Unknown, or a word that only its controller uses.
	Status string
	Reason string
	// Message is the whole message, without surrounding white space.
	Message string
	// Since is its lastTransitionTime.
	Since time.Time
	// ObservedGeneration is the observed generation, 0 if it has none.
	ObservedGeneration int64
	// Severity is that of Cluster API and Knative: "Error", "Warning" or "Info".
	Severity string
	// Path is its path in the object (Read): "status.conditions[Ready]".
	Path string
}

// Is reports whether the condition has that status.
func (c Condition) Is(status string) bool { return c.Status == status }

// Outdated reports whether the condition is about an earlier spec, by its own
// observedGeneration.
func (c Condition) Outdated(obj *unstructured.Unstructured) bool {
	return c.ObservedGeneration > 0 && c.ObservedGeneration < obj.GetGeneration()
}

// Behind reports whether the controller has not observed the newest spec yet, by
// status.observedGeneration or by that of the condition.
func (c Condition) Behind(obj *unstructured.Unstructured) bool {
	return Int(obj.Object, "status", "observedGeneration") < obj.GetGeneration() || c.Outdated(obj)
}

// ConditionOf is the entry of status.conditions of that type. If there is none, only
// its Type and Path are set.
func ConditionOf(obj *unstructured.Unstructured, kind string) Condition {
	path := "status.conditions[" + kind + "]"
	for _, entry := range List(obj.Object, "status", "conditions") {
		if Text(entry, "type") == kind {
			return conditionFrom(entry, path)
		}
	}
	return Condition{Type: kind, Path: path}
}

// Conditions are the conditions of a part of an object ("status" or
// "status.listeners[https]"), in their order; path is the path of that part. Entries
// without a type are omitted.
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
// they have a valid form. The API of Longhorn up to v1beta1 has a map of them by type;
// its entries are in the order of the types.
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

// EntryKey selects an entry of a list in a path: by its name or type if no other entry
// has it, otherwise by its index.
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

// statusText is the status of a condition as in the API conventions. Some controllers
// write a boolean, or lower case.
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
