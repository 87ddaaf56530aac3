package tenant

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Korthweb's own names (digihunch/korthweb, gitops/fluxcd and
// gitops/application/*/{labels,namespace}.yaml). They are hints, not conditions.
const (
	orgLabel          = "org"
	workloadLabel     = "workload"
	workloadValue     = "orthweb"
	namespaceSuffix   = "-orthweb"
	dependencySuffix  = "-dependency"
	applicationSuffix = "-application"
)

// reservedPrefix is the prefix of the namespaces that are reserved for Kubernetes
// (kubernetes.io, "Namespaces"): workloads in them belong to no tenant.
const reservedPrefix = "kube-"

// set is a set of namespaces.
type set map[string]bool

func (s set) sorted() []string { return slices.Sorted(maps.Keys(s)) }

var workloadKinds = []schema.GroupKind{object.DeploymentKind, object.StatefulSetKind}

// tenantNamespaces are the namespaces that belong to a tenant: with the labels or names
// of Korthweb, or with an Orthanc that runs in them or that a layer will create.
func tenantNamespaces(snap *snapshot.Snapshot, layers *layerGraph) set {
	found := set{}
	for _, ns := range snap.List(object.NamespaceKind, "").Objects {
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
			if l.orthancIn[namespace] || strings.HasSuffix(namespace, namespaceSuffix) {
				found[namespace] = true
			}
		}
	}
	maps.DeleteFunc(found, func(namespace string, _ bool) bool {
		return namespace == "" || strings.HasPrefix(namespace, reservedPrefix)
	})
	return found
}

// LabelledNamespaces are the namespaces whose label names the tenant, sorted: in those of them
// that have an Orthanc, the tenant's objects are.
func LabelledNamespaces(snap *snapshot.Snapshot, tenant string) []string {
	found := set{}
	for _, ns := range snap.List(object.NamespaceKind, "").Objects {
		if ns.GetLabels()[orgLabel] == tenant {
			found[ns.GetName()] = true
		}
	}
	return found.sorted()
}
