package tenant

import (
	"maps"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Korthweb's own names (digihunch/korthweb, gitops/application/*/labels.yaml
// and namespace.yaml). They are hints, not conditions.
const (
	orgLabel        = "org"
	workloadLabel   = "workload"
	workloadValue   = "orthweb"
	namespaceSuffix = "-orthweb"
	orthanc         = "orthanc"
)

// set is a set of namespaces.
type set map[string]bool

func (s set) sorted() []string { return slices.Sorted(maps.Keys(s)) }

// tenantNamespaces finds the namespaces that are a tenant's.
func tenantNamespaces(snap *snapshot.Snapshot, layers *layerGraph) set {
	found := set{}
	for _, ns := range snap.List(health.NamespaceKind, "").Objects {
		if ns.GetLabels()[workloadLabel] == workloadValue || strings.HasSuffix(ns.GetName(), namespaceSuffix) {
			found[ns.GetName()] = true
		}
	}
	for _, kind := range workloadKinds {
		for _, workload := range snap.List(kind, "").Objects {
			if IsOrthanc(workload) || strings.HasSuffix(workload.GetNamespace(), namespaceSuffix) {
				found[workload.GetNamespace()] = true
			}
		}
	}
	for _, l := range layers.list {
		for namespace := range l.touches {
			if strings.HasSuffix(namespace, namespaceSuffix) {
				found[namespace] = true
			}
		}
		for _, namespace := range l.orthancIn {
			found[namespace] = true
		}
	}
	delete(found, "")
	return found
}

var workloadKinds = []schema.GroupKind{health.DeploymentKind, health.StatefulSetKind}

// IsOrthanc tells whether a workload runs Orthanc, by its name or its images.
func IsOrthanc(workload *unstructured.Unstructured) bool {
	return names(workload, orthanc)
}

// IsDatabase tells whether a workload is the tenant's database: PostgreSQL
// itself, not the pool in front of it.
func IsDatabase(workload *unstructured.Unstructured) bool {
	return workload.GetKind() == health.StatefulSetKind.Kind && names(workload, "postgres")
}

func names(workload *unstructured.Unstructured, word string) bool {
	if strings.Contains(workload.GetName(), word) {
		return true
	}
	for _, container := range field.List(workload.Object, "spec", "template", "spec", "containers") {
		image, _, _ := strings.Cut(field.Text(container, "image"), "@")
		if strings.Contains(path.Base(image), word) || strings.Contains(path.Dir(image), word) {
			return true
		}
	}
	return false
}

// nameOf is what the tenant in a namespace is called: by the label that says
// so, by the usual suffix, by what its layers' names or paths have in common,
// or in the end by the namespace itself.
func nameOf(snap *snapshot.Snapshot, namespace string, layers []*layer) string {
	ref := finding.Ref{APIVersion: "v1", Kind: "Namespace", Name: namespace}
	if ns := snap.Lookup(ref).Object; ns != nil && ns.GetLabels()[orgLabel] != "" {
		return ns.GetLabels()[orgLabel]
	}
	for _, kind := range workloadKinds {
		for _, workload := range snap.List(kind, namespace).Objects {
			if org := workload.GetLabels()[orgLabel]; org != "" && IsOrthanc(workload) {
				return org
			}
		}
	}
	if name, ok := strings.CutSuffix(namespace, namespaceSuffix); ok && name != "" {
		return name
	}
	if name := commonPrefix(namespace, layers); name != "" {
		return name
	}
	if name := commonFolder(layers); name != "" {
		return name
	}
	return namespace
}

// commonPrefix is the words, parted by dashes, with which the namespace and all
// of the layers' names begin.
func commonPrefix(namespace string, layers []*layer) string {
	if len(layers) == 0 {
		return ""
	}
	common := strings.Split(namespace, "-")
	for _, l := range layers {
		words := strings.Split(l.ref.Name, "-")
		n := 0
		for n < len(common) && n < len(words) && common[n] == words[n] {
			n++
		}
		common = common[:n]
	}
	return strings.Join(common, "-")
}

// commonFolder is the last folder of the layers' paths, when it is the same in
// all of two or more.
func commonFolder(layers []*layer) string {
	if len(layers) < 2 {
		return ""
	}
	folder := path.Base(layers[0].path)
	for _, l := range layers[1:] {
		if path.Base(l.path) != folder {
			return ""
		}
	}
	if folder == "." || folder == "/" {
		return ""
	}
	return folder
}
