package rule

import (
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/build"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// OfKind are the objects of a kind, in the order in which they are built.
func (c *Context) OfKind(kind schema.GroupKind) []*cluster.Object {
	return c.byKind[kindKey(kind.Group, kind.Kind)]
}

// Find finds the objects of a name: none, one, or several if several Kustomizations apply it.
func (c *Context) Find(kind schema.GroupKind, namespace, name string) []*cluster.Object {
	return c.byKey[object.Key{GroupKind: kind, Namespace: namespace, Name: name}]
}

// Complete reports whether the tree has everything that Flux applies in a namespace: nothing is
// rendered from a chart that is not in the tree, or applied from another source. Without it, an
// object that is not in the tree may exist.
func (c *Context) Complete(namespace string) bool {
	known, ok := c.complete[namespace]
	if !ok {
		known = c.isComplete(namespace)
		c.complete[namespace] = known
	}
	return known
}

func (c *Context) isComplete(namespace string) bool {
	for _, k := range c.Kustomizations {
		if k.Built == nil && (k.Elsewhere == "" || namespaceOf(k) == "" || namespaceOf(k) == namespace) {
			return false
		}
	}
	for _, release := range c.OfKind(object.HelmReleaseKind) {
		target := object.Text(release.Unstructured.Object, "spec", "targetNamespace")
		if !c.Rendered(release) && (release.GetNamespace() == namespace || target == namespace || namespace == "") {
			return false
		}
	}
	return true
}

// namespaceOf is the namespace to which everything is applied, "" if there is none.
func namespaceOf(k *cluster.Kustomization) string {
	return object.Text(k.Unstructured.Object, "spec", "targetNamespace")
}

// Rendered reports whether the chart of a HelmRelease is in the tree, so that its objects are
// among those of the cluster.
func (c *Context) Rendered(release *cluster.Object) bool { return c.rendered[release] }

// Unknown reports whether a value depends on a variable whose value is not in the tree.
func Unknown(text string) bool { return build.Unresolved(text) }

// A Container is a container of a pod template, and its path in the object.
type Container struct {
	Fields map[string]any
	// Path is "spec.template.spec.containers[0]".
	Path string
	// Init: it runs to its end before the others start. A sidecar (restartPolicy: Always) is
	// none.
	Init bool
}

// podSpecs are the paths of the pod specification in the kinds that have one.
var podSpecs = map[schema.GroupKind]string{
	object.PodKind:         "spec",
	object.DeploymentKind:  "spec.template.spec",
	object.StatefulSetKind: "spec.template.spec",
	object.DaemonSetKind:   "spec.template.spec",
	object.ReplicaSetKind:  "spec.template.spec",
	object.JobKind:         "spec.template.spec",
	object.CronJobKind:     "spec.jobTemplate.spec.template.spec",
}

// PodSpec is the pod specification of a workload and its path, nil if the object has none.
func PodSpec(o *cluster.Object) (spec map[string]any, path string) {
	path, ok := podSpecs[o.Ref().GroupKind()]
	if !ok {
		return nil, ""
	}
	value, _ := object.Read(o.Unstructured.Object, path)
	spec, _ = value.(map[string]any)
	return spec, path
}

// Containers are the containers of a workload.
func Containers(o *cluster.Object) []Container {
	spec, path := PodSpec(o)
	var all []Container
	for _, list := range []string{"initContainers", "containers"} {
		for i, fields := range object.List(spec, list) {
			all = append(all, Container{
				Fields: fields,
				Path:   path + "." + list + "[" + strconv.Itoa(i) + "]",
				Init:   list == "initContainers" && object.Text(fields, "restartPolicy") != "Always",
			})
		}
	}
	return all
}

// OfFlux reports whether an object is part of Flux's own installation, which `flux bootstrap`
// generates.
func OfFlux(o *cluster.Object) bool {
	return o.GetLabels()["app.kubernetes.io/part-of"] == "flux" && strings.HasSuffix(o.File(), "gotk-components.yaml")
}
