package workload

import (
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var deprecatedNodeLabel = &rule.Rule{
	Code: "OW4911", Name: "deprecated-node-label", Severity: finding.Warning,
	Title: "A workload selects nodes by a deprecated label",
	Object: func(c *rule.Context, o *cluster.Object) {
		root, path := rule.PodSpec(o)
		if o.Ref().GroupKind() == object.HelmReleaseKind {
			root, path = object.Map(o.Unstructured.Object, "spec", "values"), "spec.values"
		}
		parents := map[string]string{}
		rule.Walk(root, path, func(field, key string, value any) bool {
			parents[field] = key
			label := key
			if text, ok := value.(string); ok && (key == "key" || key == "topologyKey") {
				label = text
			} else if !isNodeSelector(field, key, parents) {
				return key != "tolerations" // a toleration of a taint that no node has is harmless
			}
			if deprecated, ok := nodeLabels[label]; ok {
				c.Report(o, field, fmt.Sprintf("its pods are placed by the node label %s, which %s", label, deprecated.reason),
					edit(o, "Use the label "+deprecated.replacement))
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

// deprecatedLabel is why a label of nodes should not be used, and the label to use.
type deprecatedLabel struct{ reason, replacement string }

const (
	since114 = "is deprecated since Kubernetes 1.14, and which not all nodes have"
	since117 = "is deprecated since Kubernetes 1.17, and which not all nodes have"
)

// nodeLabels are the labels of nodes for which the API server prints a warning (kubernetes
// v1.36.3, pkg/api/node/util.go). Kubelets and cloud controllers of 1.36 still set all but the
// last; other programs that create nodes need not. kubeadm removed the last from its nodes
// (Kubernetes 1.24).
var nodeLabels = map[string]deprecatedLabel{
	"beta.kubernetes.io/os":                    {since114, "kubernetes.io/os"},
	"beta.kubernetes.io/arch":                  {since114, "kubernetes.io/arch"},
	"beta.kubernetes.io/instance-type":         {since117, "node.kubernetes.io/instance-type"},
	"failure-domain.beta.kubernetes.io/zone":   {since117, "topology.kubernetes.io/zone"},
	"failure-domain.beta.kubernetes.io/region": {since117, "topology.kubernetes.io/region"},
	"node-role.kubernetes.io/master":           {"nodes no longer have since Kubernetes 1.24", "node-role.kubernetes.io/control-plane"},
}
