package events

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// kinds are those of events: core/v1, and events.k8s.io/v1, which recordings may have instead.
var kinds = []schema.GroupKind{object.EventKind, {Group: "events.k8s.io", Kind: "Event"}}

// Scope is what a tenant depends on: everything in its namespaces, and single objects in
// others.
type Scope struct {
	// Tenant is the tenant's name.
	Tenant     string
	namespaces map[string]bool
	objects    map[object.Key]bool
	// Unread is what could not be read of it: there may be more objects.
	Unread []snapshot.Failure
}

// ScopeOf finds what a tenant depends on: its chain, what its layers apply and check, the charts
// and sources of all these releases, the pods of an ingress outside of its namespaces, and the
// nodes and volumes of its pods. Objects of other tenants are not part of it, even if a shared
// layer has applied them. Look-ups of what was never requested become queries of the
// snapshot's Inquiry.
func ScopeOf(snap *snapshot.Snapshot, t tenant.Tenant) Scope {
	s := &scoping{
		Scope: Scope{Tenant: t.Name, namespaces: map[string]bool{}, objects: map[object.Key]bool{}},
		snap:  snap, others: map[string]bool{},
	}
	known := snap.Known()
	for _, other := range tenant.Discover(known) {
		if other.Name != t.Name {
			for _, namespace := range other.Namespaces {
				s.others[namespace] = true
			}
		}
	}
	for _, namespace := range t.Namespaces {
		s.namespaces[namespace] = true
		s.add(object.Ref{APIVersion: "v1", Kind: object.NamespaceKind.Kind, Name: namespace})
	}
	status := tenant.Assess(known, []tenant.Tenant{t})[0]
	for _, link := range status.Chain {
		s.add(link.Ref)
	}
	s.note(object.KustomizationKind, "")
	for _, layer := range t.Layers {
		s.addApplied(layer.Ref)
	}
	s.addPods(status, t.Namespaces)
	return s.Scope
}

// Namespaces are those whose events may be about the tenant, sorted.
func (s Scope) Namespaces() []string {
	all := maps.Clone(s.namespaces)
	for key := range s.objects {
		if key.Namespace == "" {
			key.Namespace = metav1.NamespaceDefault // where events about objects without a namespace are
		}
		all[key.Namespace] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// has reports whether an event is about an object of the scope.
func (s Scope) has(e Event) bool {
	return s.namespaces[e.Object.GetNamespace()] || s.namespaces[e.About.Namespace] || s.objects[e.About.Key()]
}

// Missing is why there may be more events of the scope than the snapshot has: events of a
// namespace were not read, or only some of them.
func (s Scope) Missing(snap *snapshot.Snapshot) []snapshot.Failure {
	if snap.IsComplete() {
		return nil
	}
	var missing []snapshot.Failure
	for _, namespace := range s.Namespaces() {
		if why, ok := unreadIn(snap, namespace); !ok && !slices.Contains(missing, why) {
			missing = append(missing, why)
		}
	}
	return missing
}

// unreadIn reports whether all events of the namespace were read, or why not.
func unreadIn(snap *snapshot.Snapshot, namespace string) (why snapshot.Failure, ok bool) {
	why = snapshot.Failure{Reason: snapshot.NotRequested, Verb: "list", Resource: "events", Namespace: namespace}
	for _, request := range snap.Requests() {
		covers := slices.Contains(kinds, request.GroupKind()) && request.FieldSelector == "" && (request.Namespace == "" || request.Namespace == namespace)
		switch {
		case !covers:
		case request.Failure == nil:
			return why, true
		case request.Namespace == namespace || why.Reason == snapshot.NotRequested:
			why = *request.Failure
		}
	}
	return why, false
}

// scoping builds a Scope.
type scoping struct {
	Scope
	snap *snapshot.Snapshot
	// others are the namespaces of other tenants.
	others map[string]bool
}

// add adds an object, and what belongs to it if it is a release.
func (s *scoping) add(ref object.Ref) {
	if ref.Name == "" || s.objects[ref.Key()] {
		return
	}
	s.objects[ref.Key()] = true
	if ref.GroupKind() == object.HelmReleaseKind {
		s.addSources(ref)
	}
}

// addSources adds the chart of a release, and where it comes from.
func (s *scoping) addSources(release object.Ref) {
	obj := s.snap.Lookup(release).Object
	if obj == nil {
		s.note(object.HelmReleaseKind, release.Namespace)
		return
	}
	for _, ref := range []object.Ref{object.ChartOf(obj), object.ChartSourceOf(obj)} {
		if ref.Kind != "" {
			s.add(ref)
		}
	}
}

// addApplied adds what a layer applies and checks, except for objects of other tenants.
func (s *scoping) addApplied(layer object.Ref) {
	obj := s.snap.Lookup(layer).Object
	if obj == nil {
		return
	}
	applied := health.Inventory(obj)
	for _, check := range object.List(obj.Object, "spec", "healthChecks") {
		applied = append(applied, object.Ref{
			APIVersion: object.Text(check, "apiVersion"), Kind: object.Text(check, "kind"),
			Namespace: object.Text(check, "namespace"), Name: object.Text(check, "name"),
		})
	}
	for _, ref := range applied {
		ofOther := s.others[ref.Namespace] || ref.GroupKind() == object.NamespaceKind && s.others[ref.Name]
		if !ofOther && ref.GroupKind() != object.KustomizationKind { // the chain has the tenant's own
			s.add(ref)
		}
	}
}

// addPods adds the pods of an ingress outside of the tenant's namespaces with the objects that
// created them, and the nodes and volumes of the tenant's pods.
func (s *scoping) addPods(status tenant.Status, namespaces []string) {
	for _, group := range tenant.Pods(s.snap, status) {
		if s.namespaces[group.Of.Namespace] {
			continue
		}
		for _, pod := range group.Pods {
			s.add(object.RefOf(pod))
			s.addOwners(pod)
		}
	}
	for _, namespace := range namespaces {
		for _, pod := range s.list(object.PodKind, namespace) {
			s.add(object.Ref{APIVersion: "v1", Kind: object.NodeKind.Kind, Name: object.Text(pod.Object, "spec", "nodeName")})
		}
		for _, claim := range s.list(object.ClaimKind, namespace) {
			s.add(object.Ref{APIVersion: "v1", Kind: object.VolumeKind.Kind, Name: object.Text(claim.Object, "spec", "volumeName")})
		}
	}
}

// addOwners adds what created a pod: for a ReplicaSet also its Deployment.
func (s *scoping) addOwners(pod *unstructured.Unstructured) {
	for _, owner := range pod.GetOwnerReferences() {
		ref := object.Ref{APIVersion: owner.APIVersion, Kind: owner.Kind, Namespace: pod.GetNamespace(), Name: owner.Name}
		s.add(ref)
		if ref.Kind == object.ReplicaSetKind.Kind {
			ref.Kind, ref.Name = object.DeploymentKind.Kind, object.DeploymentOf(pod, owner.Name)
			s.add(ref)
		}
	}
}

// list lists a kind, and notes why the list may be incomplete.
func (s *scoping) list(kind schema.GroupKind, namespace string) []*unstructured.Unstructured {
	s.note(kind, namespace)
	return s.snap.List(kind, namespace).Objects
}

// note notes why a kind could not be read completely.
func (s *scoping) note(kind schema.GroupKind, namespace string) {
	listing := s.snap.List(kind, namespace)
	why := listing.Unknown
	if len(why) == 0 && listing.Partial {
		why = []snapshot.Failure{{Reason: snapshot.NotRequested, Verb: "list", Resource: kind.String(), Namespace: namespace}}
	}
	for _, failure := range why {
		if failure.Reason != snapshot.NotServed && !slices.Contains(s.Unread, failure) {
			s.Unread = append(s.Unread, failure)
		}
	}
}
