package diagnose

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
)

// unreadableCondition is the part of the conditions of an object that does not follow
// the API conventions: a list of entries with a type and a status as text.
func unreadableCondition(obj *unstructured.Unstructured) (string, bool) {
	status := field.Map(obj.Object, "status")
	if why, ok := unreadableAt(status, "status"); ok {
		return why, true
	}
	for _, list := range conditionHolders {
		entries, _ := status[list].([]any)
		for i, entry := range entries {
			holder, _ := entry.(map[string]any)
			if why, ok := unreadableAt(holder, fmt.Sprintf("status.%s[%s]", list, field.EntryKey(entries, i))); ok {
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
	entries, ok := field.ConditionEntries(holder)
	if !ok {
		return path + " is not a list of conditions", true
	}
	for i, entry := range entries {
		c, isMap := entry.(map[string]any)
		status, given := c["status"]
		_, isText := status.(string)
		_, isFlag := status.(bool)
		// Argo CD gives no status, and OLM keeps a history of phases in this list.
		if !isMap || given && (field.Text(c, "type") == "" || !isText && !isFlag) {
			return fmt.Sprintf("%s[%d] is not a condition", path, i), true
		}
	}
	return "", false
}
