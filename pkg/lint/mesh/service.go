package mesh

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var serviceWithoutPods = &rule.Rule{
	Code: engine.CodeNoEndpoints, Name: "service-without-pods", Severity: finding.Critical,
	Title: "The selector of a Service matches no pods",
	Object: func(c *rule.Context, o *cluster.Object) {
		x := c.Facts()
		obj := x.Snap.Lookup(o.Ref()).Object
		if o.Ref().GroupKind() != object.ServiceKind || obj == nil || rule.HasUnknown(obj) || object.Text(obj.Object, "spec", "type") == "ExternalName" {
			return
		}
		selector := engine.SelectorOf(obj)
		own := workloads(x, o.GetNamespace())
		if len(selector) == 0 || len(x.Selected(selector, o.GetNamespace())) > 0 || slices.ContainsFunc(own, rule.HasUnknown) || selectsOther(c, o.GetNamespace(), selector) {
			return
		}
		text := fmt.Sprintf("has no matching endpoints: no pod has the labels %s", engine.WriteLabels(selector))
		near, ok := engine.NearestLabels(selector, own)
		switch {
		case ok && rule.Misspelled(near.Key+"="+near.Value, near.PodKey+"="+near.PodValue):
			c.Report(o, "spec.selector["+near.Key+"]", rule.Local(o, fmt.Sprintf("%s; the pods of %s have %s=%s", text, object.RefOf(near.Workload), near.PodKey, near.PodValue)),
				edit(o, fmt.Sprintf("In spec.selector, write %s: %s instead of %s: %s", near.PodKey, near.PodValue, near.Key, near.Value)))
		case len(x.UnreadSelectable(o.GetNamespace())) == 0:
			c.Report(o, selectorField(obj), text, edit(o, "Correct spec.selector, so that it matches the labels of pods"))
		}
	},
}

// podLabels are where the kinds that engine.Selectable omits have the labels of their pods.
var podLabels = map[schema.GroupKind][]string{
	object.JobKind:                   {"spec", "template", "metadata", "labels"},
	object.ReplicaSetKind:            {"spec", "template", "metadata", "labels"},
	object.ReplicationControllerKind: {"spec", "template", "metadata", "labels"},
	object.CronJobKind:               {"spec", "jobTemplate", "spec", "template", "metadata", "labels"},
}

// selectsOther reports whether a selector matches pods of a kind that services rarely select.
func selectsOther(c *rule.Context, namespace string, selector map[string]string) bool {
	for kind, path := range podLabels {
		for _, o := range c.InNamespace(kind, namespace) {
			labels, _, _ := unstructured.NestedStringMap(o.Unstructured.Object, path...)
			if engine.Matches(selector, labels) {
				return true
			}
		}
	}
	return false
}
