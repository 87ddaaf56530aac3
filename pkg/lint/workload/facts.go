package workload

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// servers are the kinds whose pods run until they are replaced.
var servers = []schema.GroupKind{object.DeploymentKind, object.StatefulSetKind, object.DaemonSetKind}

// scalable are the kinds that have a number of replicas.
var scalable = []schema.GroupKind{object.DeploymentKind, object.StatefulSetKind}

func isOneOf(o *cluster.Object, kinds []schema.GroupKind) bool {
	return slices.Contains(kinds, o.Ref().GroupKind())
}

// workloads are the objects of some kinds in a namespace, without duplicates.
func workloads(c *rule.Context, kinds []schema.GroupKind, namespace string) []*cluster.Object {
	var found []*cluster.Object
	for _, kind := range kinds {
		for _, o := range c.InNamespace(kind, namespace) {
			if c.Find(kind, namespace, o.GetName())[0] == o {
				found = append(found, o)
			}
		}
	}
	return found
}

// running are the containers that run as long as their pod.
func running(o *cluster.Object) []rule.Container {
	return slices.DeleteFunc(rule.Containers(o), func(container rule.Container) bool { return container.Init })
}

// nameOf is "container orthanc".
func nameOf(container rule.Container) string {
	return "container " + object.Text(container.Fields, "name")
}

// targetOf is the object that an autoscaler scales.
func targetOf(autoscaler *cluster.Object) object.Ref {
	target := object.Map(autoscaler.Unstructured.Object, "spec", "scaleTargetRef")
	return object.Ref{
		APIVersion: object.Text(target, "apiVersion"), Kind: object.Text(target, "kind"),
		Namespace: autoscaler.GetNamespace(), Name: object.Text(target, "name"),
	}
}

// autoscalerOf is the autoscaler of a workload, or nil.
func autoscalerOf(c *rule.Context, o *cluster.Object) *cluster.Object {
	for _, autoscaler := range c.InNamespace(object.AutoscalerKind, o.GetNamespace()) {
		if targetOf(autoscaler).Key() == o.Ref().Key() {
			return autoscaler
		}
	}
	return nil
}

// replicas are the smallest and the largest number of pods that a workload has: those of its
// autoscaler, or spec.replicas. It is not known if a variable has the number.
func replicas(c *rule.Context, o *cluster.Object) (smallest, largest int64, known bool) {
	if autoscaler := autoscalerOf(c, o); autoscaler != nil {
		smallest, known = number(autoscaler, "spec.minReplicas")
		largest, ok := number(autoscaler, "spec.maxReplicas")
		return smallest, largest, known && ok
	}
	smallest, known = number(o, "spec.replicas")
	return smallest, smallest, known
}

// number is a number of replicas, 1 if it is not set.
func number(o *cluster.Object, field string) (n int64, known bool) {
	value, found := object.Read(o.Unstructured.Object, field)
	if !found || value == nil {
		return 1, true
	}
	n, known = value.(int64)
	return n, known
}

// selects reports whether the label selector at spec.selector of an object matches the pods of
// a workload.
func selects(o, workload *cluster.Object) bool {
	selector := object.Map(o.Unstructured.Object, "spec", "selector")
	return selector != nil && engine.LabelsMatch(selector, engine.PodLabels(workload.Unstructured)) != engine.No
}

// amount is an amount of a resource, and whether it is known.
type amount struct {
	resource.Quantity
	known bool
}

// limitOf is the limit of a resource of a container. Ok is false if it has none.
func limitOf(container rule.Container, name string) (a amount, ok bool) {
	return quantity(object.Map(container.Fields, "resources", "limits"), name)
}

// requestOf is the request of a resource of a container, which is the limit if only that is set
// (kubernetes v1.36.3, pkg/apis/core/v1/defaults.go). Ok is false if it has none.
func requestOf(container rule.Container, name string) (a amount, ok bool) {
	if a, ok = quantity(object.Map(container.Fields, "resources", "requests"), name); ok {
		return a, true
	}
	return limitOf(container, name)
}

func quantity(resources map[string]any, name string) (a amount, ok bool) {
	value, ok := object.Quote(resources, name)
	if !ok {
		return amount{}, false
	}
	parsed, err := resource.ParseQuantity(value)
	return amount{parsed, err == nil}, true
}

// defaulted reports whether a LimitRange of the namespace, or the pod as a whole, sets a
// resource: kind is "requests" or "limits".
func defaulted(c *rule.Context, o *cluster.Object, kind, name string) bool {
	spec, _ := rule.PodSpec(o)
	if _, ok := object.Map(spec, "resources", kind)[name]; ok {
		return true
	}
	for _, limits := range c.InNamespace(object.LimitRangeKind, o.GetNamespace()) {
		for _, entry := range object.List(limits.Unstructured.Object, "spec", "limits") {
			_, limited := object.Map(entry, "default")[name]
			_, requested := object.Map(entry, "defaultRequest")[name]
			if object.Text(entry, "type") == "Container" && (limited || kind == "requests" && requested) {
				return true
			}
		}
	}
	return false
}
