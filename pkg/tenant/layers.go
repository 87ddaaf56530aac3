package tenant

import (
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// layer is a Kustomization with what it says of itself.
type layer struct {
	ref       finding.Ref
	path      string
	org       string
	touches   set           // namespaces that it applies to or checks
	orthancIn []string      // namespaces in which it applies or checks an Orthanc
	needs     []finding.Ref // who applies it, then what it depends on
}

// layerGraph is all layers and what each needs.
type layerGraph struct {
	list  []*layer // by namespace and name
	byKey map[finding.Key]*layer
}

// Labels that kustomize-controller puts on whatever it applies, and so on the
// Kustomizations that a root Kustomization applies.
const (
	ownerNameLabel      = "kustomize.toolkit.fluxcd.io/name"
	ownerNamespaceLabel = "kustomize.toolkit.fluxcd.io/namespace"
)

func readLayers(snap *snapshot.Snapshot) *layerGraph {
	graph := &layerGraph{byKey: map[finding.Key]*layer{}}
	for _, obj := range snap.List(health.KustomizationKind, "").Objects {
		l := readLayer(obj)
		graph.list = append(graph.list, l)
		graph.byKey[l.ref.Key()] = l
	}
	return graph
}

func readLayer(obj *unstructured.Unstructured) *layer {
	l := &layer{
		ref:     finding.RefOf(obj),
		path:    path.Clean(field.Text(obj.Object, "spec", "path")),
		org:     obj.GetLabels()[orgLabel],
		touches: set{},
	}
	owner := finding.Ref{APIVersion: obj.GetAPIVersion(), Kind: obj.GetKind(),
		Namespace: obj.GetLabels()[ownerNamespaceLabel], Name: obj.GetLabels()[ownerNameLabel]}
	if owner.Name != "" && !owner.Same(l.ref) {
		l.needs = append(l.needs, owner)
	}
	l.needs = append(l.needs, health.Dependencies(obj)...)
	if target := field.Text(obj.Object, "spec", "targetNamespace"); target != "" {
		l.touches[target] = true
	}
	for _, check := range field.List(obj.Object, "spec", "healthChecks") {
		l.touch(field.Text(check, "namespace"), field.Text(check, "kind"), field.Text(check, "name"))
	}
	for _, entry := range field.List(obj.Object, "status", "inventory", "entries") {
		if namespace, name, kind, ok := parseInventoryID(field.Text(entry, "id")); ok {
			l.touch(namespace, kind, name)
		}
	}
	delete(l.touches, "")
	return l
}

func (l *layer) touch(namespace, kind, name string) {
	if kind == "Namespace" {
		namespace = name
	}
	l.touches[namespace] = true
	workload := kind == health.DeploymentKind.Kind || kind == health.StatefulSetKind.Kind || kind == health.HelmReleaseKind.Kind
	if workload && strings.Contains(name, orthanc) && !slices.Contains(l.orthancIn, namespace) {
		l.orthancIn = append(l.orthancIn, namespace)
	}
}

// parseInventoryID reads an entry of a Kustomization's inventory,
// "<namespace>_<name>_<group>_<kind>" (fluxcd/cli-utils, object.ObjMetadata). A
// colon in a name is written "__", so that only the ends can be relied on.
func parseInventoryID(id string) (namespace, name, kind string, ok bool) {
	namespace, rest, ok := strings.Cut(id, "_")
	last := strings.LastIndexByte(rest, '_')
	if !ok || last < 0 {
		return "", "", "", false
	}
	kind, rest = rest[last+1:], rest[:last]
	group := strings.LastIndexByte(rest, '_')
	if group < 0 {
		return "", "", "", false
	}
	return namespace, strings.ReplaceAll(rest[:group], "__", ":"), kind, kind != ""
}

// untangled leaves out the layers that touch more than one of the namespaces.
func untangled(layers []*layer, namespaces set) []*layer {
	return slices.DeleteFunc(slices.Clone(layers), func(l *layer) bool {
		count := 0
		for namespace := range l.touches {
			if namespaces[namespace] {
				count++
			}
		}
		return count > 1
	})
}
