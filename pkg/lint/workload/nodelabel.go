package workload

import (
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/schema/lifecycle"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/edit"
)

var deprecatedNodeLabel = &rule.Rule{
	Code: "OW4911", Name: "deprecated-node-label", Severity: finding.Info,
	Title: "A workload selects nodes by a deprecated label",
	Object: func(c *rule.Context, o *cluster.Object) {
		root, path := rule.PodSpec(o)
		if o.Ref().GroupKind() == object.HelmReleaseKind {
			root, path = object.Map(o.Unstructured.Object, "spec", "values"), "spec.values"
		}
		parents := map[string]string{}
		rule.Walk(root, path, func(field, key string, value any) bool {
			parents[field] = key
			label, op := key, edit.Rename
			if text, ok := value.(string); ok && (key == "key" || key == "topologyKey") {
				label, op = text, edit.Set
			} else if !isNodeSelector(field, key, parents) {
				return key != "tolerations" // a toleration of a taint that no node has is harmless
			}
			if deprecated, ok := lifecycle.NodeLabel(label); ok {
				severity, text := judge(label, deprecated)
				c.WithSeverity(severity, func() {
					c.ReportChange(o, field, text, inFile(o, "Use the label "+deprecated.Replacement), replaceLabel(o, field, op, deprecated.Replacement)...)
				})
			}
			return true
		})
	},
}

// isNodeSelector reports whether a field is an entry of a map such as nodeSelector.
func isNodeSelector(field, key string, parents map[string]string) bool {
	parent := strings.TrimSuffix(field, "["+key+"]")
	name, ok := parents[parent]
	if !ok {
		name = parent
	}
	return strings.HasSuffix(strings.ToLower(name), "nodeselector")
}

// judge is why a label should not be used. One that nodes still have is no defect yet.
func judge(name string, label lifecycle.Key) (severity finding.Severity, text string) {
	if label.Ineffective != "" {
		return finding.Warning, fmt.Sprintf("since Kubernetes %s, nodes no longer have the label %s", label.Ineffective, name)
	}
	return finding.Info, fmt.Sprintf("the label %s is deprecated since Kubernetes %s, and a later version may remove it", name, label.Deprecated)
}

// replaceLabel is the change to another label, where the object's own file has it: as a key, or
// as the value of one.
func replaceLabel(o *cluster.Object, field string, op edit.Op, replacement string) []edit.Change {
	at, sure := o.Locate(field)
	if !sure || o.Document() == nil || at.File != o.File() {
		return nil
	}
	return []edit.Change{{At: at, Op: op, Value: replacement}}
}
