package logs

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Source is what a container is to a tenant.
type Source string

// The sources of lines.
const (
	Orthanc     Source = "orthanc"
	Database    Source = "database"
	Gateway     Source = "gateway"
	Workload    Source = "workload"
	Flux        Source = "flux"
	CertManager Source = "cert-manager"
	Istio       Source = "istio"
)

// Place is a namespace whose pods are read.
type Place struct {
	Namespace string
	// Groups are examined in their order; a pod belongs to the first that selects it.
	Groups []Group
}

// Group are pods with the same meaning for the tenant.
type Group struct {
	Source Source
	Pods   labels.Selector
	// Shared is set if the pods also serve other tenants: only some of their lines concern
	// this one.
	Shared bool
}

// GroupOf is the group of a pod with these labels, and whether there is one.
func (p Place) GroupOf(pod map[string]string) (Group, bool) {
	for _, group := range p.Groups {
		if group.Pods.Matches(labels.Set(pod)) {
			return group, true
		}
	}
	return Group{}, false
}

// Places are where the pods of a tenant are, and those of the controllers that it depends on:
// its own namespaces, and others after them. All pods in its own namespaces are its own.
func Places(snap *snapshot.Snapshot, s tenant.Status) []Place {
	var places []Place
	for _, namespace := range s.Namespaces {
		place := Place{Namespace: namespace}
		for _, workload := range workloadsIn(snap, namespace) {
			if source := sourceOf(workload); source != Workload {
				place.add(Group{Source: source, Pods: selectorOf(workload)})
			}
		}
		places = append(places, place)
	}
	for _, link := range s.Chain {
		if obj := snap.Lookup(link.Ref).Object; link.Section == tenant.Ingress && obj != nil {
			wanted, _, _ := unstructured.NestedStringMap(obj.Object, "spec", "selector")
			if len(wanted) > 0 {
				group := Group{Source: Gateway, Pods: labels.SelectorFromSet(wanted), Shared: !slices.Contains(s.Namespaces, link.Ref.Namespace)}
				places = addTo(places, link.Ref.Namespace, group)
			}
		}
	}
	for i := range s.Namespaces {
		places[i].add(Group{Source: Workload, Pods: labels.Everything()})
	}
	return addControllers(snap, places, len(s.Namespaces))
}

func (p *Place) add(group Group) {
	if group.Pods != nil {
		p.Groups = append(p.Groups, group)
	}
}

func addTo(places []Place, namespace string, group Group) []Place {
	at := slices.IndexFunc(places, func(p Place) bool { return p.Namespace == namespace })
	if at < 0 {
		at, places = len(places), append(places, Place{Namespace: namespace})
	}
	places[at].add(group)
	return places
}

// workloadsIn are the Deployments and StatefulSets in a namespace.
func workloadsIn(snap *snapshot.Snapshot, namespace string) []*unstructured.Unstructured {
	return append(slices.Clone(snap.List(object.StatefulSetKind, namespace).Objects), snap.List(object.DeploymentKind, namespace).Objects...)
}

// sourceOf is what a workload in a tenant's namespace is.
func sourceOf(workload *unstructured.Unstructured) Source {
	pod := podLabels(workload)
	switch {
	case tenant.IsDatabase(workload), pod["app.kubernetes.io/component"] == "pgpool":
		return Database
	case tenant.IsOrthanc(workload):
		return Orthanc
	case strings.HasSuffix(pod["istio"], "gateway"):
		return Gateway
	}
	return Workload
}

func podLabels(workload *unstructured.Unstructured) map[string]string {
	found, _, _ := unstructured.NestedStringMap(workload.Object, "spec", "template", "metadata", "labels")
	return found
}

// selectorOf are the pods of a workload, nil if its selector is malformed or empty.
func selectorOf(workload *unstructured.Unstructured) labels.Selector {
	var wanted metav1.LabelSelector
	if runtime.DefaultUnstructuredConverter.FromUnstructured(object.Map(workload.Object, "spec", "selector"), &wanted) != nil {
		return nil
	}
	selector, err := metav1.LabelSelectorAsSelector(&wanted)
	if err != nil || selector.Empty() {
		return nil
	}
	return selector
}

// usualControllers are where the controllers are that no Deployment was found of.
var usualControllers = []struct {
	source              Source
	namespace, selector string
}{
	{Flux, "flux-system", "app in (source-controller, kustomize-controller, helm-controller, notification-controller)"},
	{CertManager, "cert-manager", "app.kubernetes.io/name=cert-manager, app.kubernetes.io/component=controller"},
	{Istio, "istio-system", "app=istiod"},
}

// addControllers adds Flux's controllers, cert-manager's and istiod: where their Deployments are,
// or if Deployments could not be read, in their usual namespaces. The first own places are those
// of the tenant.
func addControllers(snap *snapshot.Snapshot, places []Place, own int) []Place {
	deployments := snap.List(object.DeploymentKind, "")
	found := map[Source]bool{}
	for _, deployment := range deployments.Objects {
		source := controllerOf(deployment.GetName(), podLabels(deployment), deployment.GetLabels())
		if source == "" || slices.ContainsFunc(places[:own], func(p Place) bool { return p.Namespace == deployment.GetNamespace() }) {
			continue
		}
		found[source] = true
		places = addTo(places, deployment.GetNamespace(), Group{Source: source, Pods: selectorOf(deployment), Shared: true})
	}
	for _, usual := range usualControllers {
		if selector, err := labels.Parse(usual.selector); err == nil && !found[usual.source] && len(deployments.Unknown) > 0 {
			places = addTo(places, usual.namespace, Group{Source: usual.source, Pods: selector, Shared: true})
		}
	}
	slices.SortFunc(places[own:], func(a, b Place) int { return strings.Compare(a.Namespace, b.Namespace) })
	return places
}

// fluxControllers are the controllers of Flux whose objects a tenant has.
var fluxControllers = []string{"source-controller", "kustomize-controller", "helm-controller", "notification-controller", "source-watcher"}

// controllerOf is the program that a Deployment of a controller runs, empty for another
// Deployment.
func controllerOf(name string, pod, own map[string]string) Source {
	switch {
	case slices.Contains(fluxControllers, name), own["app.kubernetes.io/part-of"] == "flux" && slices.Contains(fluxControllers, pod["app"]):
		return Flux
	case name == "cert-manager", pod["app.kubernetes.io/name"] == "cert-manager" && pod["app.kubernetes.io/component"] == "controller":
		return CertManager
	case name == "istiod", pod["app"] == "istiod":
		return Istio
	}
	return ""
}
