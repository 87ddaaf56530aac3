package diagnose

import (
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// maxValue is how much of a live value is shown.
const maxValue = 300

// valueAt reads a field as the API server writes its path ("spec.selector"); a
// path into a list is not followed.
func valueAt(obj map[string]any, path string) (string, bool) {
	value, found, err := unstructured.NestedFieldNoCopy(obj, strings.Split(strings.TrimPrefix(path, "."), ".")...)
	if err != nil || !found {
		return "", false
	}
	text, err := json.Marshal(value)
	if err != nil {
		return "", false
	}
	if len(text) > maxValue {
		return strings.ToValidUTF8(string(text[:maxValue]), "") + "…", true
	}
	return string(text), true
}

// immutable is a change of what can't be changed: the object has to be made
// anew, or the change taken back.
func (r apiRefusal) immutable() finding.Finding {
	f := r.plain(codeImmutable, "Invalid", "can't be changed in place", "Take the change back")
	if r.said.Field != "" {
		f.Message = fmt.Sprintf("%s can't be changed in place: %s is immutable", f.Ref, r.said.Field)
		f.Fixes[0].Text = "Take the change of " + r.said.Field + " back"
	}
	again := finding.Fix{
		Text:    "or delete the object, so that it is made anew; what it runs stops meanwhile",
		Command: fmt.Sprintf("kubectl delete %s %s", strings.ToLower(f.Ref.Kind), f.Ref.Name),
	}
	if f.Ref.Namespace != "" {
		again.Command += " -n " + f.Ref.Namespace
	}
	if f.Ref.Same(r.obj) || f.Ref.GroupKind() == health.NamespaceKind {
		return f
	}
	f.Fixes = append(f.Fixes, again)
	return f
}
