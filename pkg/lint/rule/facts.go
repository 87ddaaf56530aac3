package rule

import (
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/variable"
)

// OfKind are the objects of a kind, in the order in which they are built.
func (c *Context) OfKind(kind schema.GroupKind) []*cluster.Object {
	return c.byKind[kindKey(kind.Group, kind.Kind)]
}

// InNamespace are the objects of a kind in a namespace, in the order in which they are built.
func (c *Context) InNamespace(kind schema.GroupKind, namespace string) []*cluster.Object {
	return c.byNamespace[object.Key{GroupKind: kind, Namespace: namespace}]
}

// Find finds the objects of a name: none, one, or several if several Kustomizations apply it.
func (c *Context) Find(kind schema.GroupKind, namespace, name string) []*cluster.Object {
	return c.byKey[object.Key{GroupKind: kind, Namespace: namespace, Name: name}]
}

// IsHook reports whether an object is a hook of a chart: Helm creates it, and usually keeps it.
func (c *Context) IsHook(ref object.Ref) bool { return c.hooks[ref.Key()] }

// InOther reports whether a Kustomization may be in this cluster although another cluster of the tree
// has it: without what `flux bootstrap` creates, clusters are only guessed by their directories.
func (c *Context) InOther(ref object.Ref) bool {
	return !c.Bootstrapped && slices.ContainsFunc(c.others, func(other *cluster.Cluster) bool {
		return !other.Bootstrapped && other.Kustomization(ref) != nil
	})
}

// Complete reports whether the tree has everything that Flux applies in a namespace: nothing is
// rendered from a chart that is not in the tree, or applied from another source. Without it, an
// object that is not in the tree may exist. The namespace "" is for objects without one.
func (c *Context) Complete(namespace string) bool { return c.CompleteBut(namespace, nil) }

// CompleteBut is Complete, except for what the chart of a release renders: it does not create what
// the release needs itself.
func (c *Context) CompleteBut(namespace string, release *cluster.Object) bool {
	if c.incomplete == nil {
		c.findIncomplete()
	}
	own := 0
	if release != nil && !c.rendered[release] && slices.Contains(installedIn(release), namespace) {
		own = 1
	}
	return c.incomplete[everywhere] == 0 && c.incomplete[namespace] <= own
}

// installedIn are the namespaces in which the chart of a release may create objects; "" is for
// those without one.
func installedIn(release *cluster.Object) []string {
	namespaces := []string{release.GetNamespace(), ""}
	if target := object.Text(release.Unstructured.Object, "spec", "targetNamespace"); target != "" && target != release.GetNamespace() {
		namespaces = append(namespaces, target)
	}
	return namespaces
}

// everywhere stands for all namespaces in Context.incomplete: no namespace has this name.
const everywhere = "*"

func (c *Context) findIncomplete() {
	c.incomplete = map[string]int{}
	for _, k := range c.Kustomizations {
		target := object.Text(k.Unstructured.Object, "spec", "targetNamespace")
		switch {
		case k.Built != nil:
		case k.OtherSource != "" && target != "":
			c.incomplete[target]++
			c.incomplete[""]++
		default:
			c.incomplete[everywhere]++
		}
	}
	for _, o := range c.OfKind(object.KustomizationKind) {
		if o.Release != nil { // what it applies is not built
			c.incomplete[everywhere]++
		}
	}
	for _, release := range c.OfKind(object.HelmReleaseKind) {
		if !c.rendered[release] {
			for _, namespace := range installedIn(release) {
				c.incomplete[namespace]++
			}
		}
	}
}

// Dependents are the Kustomizations that depend on another.
func (c *Context) Dependents(k *cluster.Kustomization) []*cluster.Kustomization {
	if c.dependents == nil {
		c.dependents = map[object.Key][]*cluster.Kustomization{}
		for _, other := range c.Kustomizations {
			for _, entry := range object.List(other.Unstructured.Object, "spec", "dependsOn") {
				key := object.Key{GroupKind: object.KustomizationKind, Namespace: object.Text(entry, "namespace"), Name: object.Text(entry, "name")}
				if key.Namespace == "" {
					key.Namespace = other.GetNamespace()
				}
				c.dependents[key] = append(c.dependents[key], other)
			}
		}
	}
	return c.dependents[k.Ref().Key()]
}

// AppliedBy are the objects that a Kustomization applies, without those of charts.
func (c *Context) AppliedBy(k *cluster.Kustomization) []*cluster.Object {
	if c.appliedBy == nil {
		c.appliedBy = map[*cluster.Kustomization][]*cluster.Object{}
		for _, o := range c.Objects {
			if o.Release == nil {
				c.appliedBy[o.By] = append(c.appliedBy[o.By], o)
			}
		}
	}
	return c.appliedBy[k]
}

// Unknown reports whether a value depends on a variable whose value is not in the tree.
func Unknown(text string) bool { return variable.Unresolved(text) }

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
