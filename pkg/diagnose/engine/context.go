// Package engine provides what explainers share: the context that they read from, the
// result that they return, and the walk from an object to those that cause its failure.
// It imports no family of explainers.
package engine

import (
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Context provides what explainers need. A look-up in Snap of something that was never
// requested becomes a query of the Inquiry of the snapshot: on a live cluster, it is
// then read, and the explainers run again.
type Context struct {
	Snap *snapshot.Snapshot
	// Known is Snap without an Inquiry: for hints that are not worth a request, and
	// for what status has intentionally read in part.
	Known    *snapshot.Snapshot
	Now      time.Time
	Health   Verdicts
	Tenants  []tenant.Tenant
	Registry Registry
	// owned are the objects that have another object as their owner, by kind and
	// namespace; each is built on first use.
	owned map[ownedIn]map[object.Key][]*unstructured.Unstructured
	// Dependents are the layers that depend on each layer.
	Dependents map[object.Key][]object.Ref
	// exams are the results so far.
	exams exams
	// messages are the parsed messages.
	messages message.Messages
	// Memos are what Memoize has computed.
	Memos map[any]any
}

// Registry is what explains objects.
type Registry struct {
	// ByKind has the explainer of each kind that has one.
	ByKind map[schema.GroupKind]Explainer
	// Terminating explains objects that are being deleted, Other those of kinds that
	// have no explainer.
	Terminating, Other Explainer
	// Judges read what an object reports about itself, by kind.
	Judges map[schema.GroupKind]Judge
}

// Memoize returns what build returns, which it calls once for each key. A key is of
// a type of its own, so that packages can't take each other's.
func Memoize[T any](x *Context, key any, build func() T) T {
	if known, ok := x.Memos[key]; ok {
		return known.(T)
	}
	value := build()
	x.Memos[key] = value
	return value
}

// ownedIn is the key of an index of owned objects: their kind and namespace.
type ownedIn struct {
	schema.GroupKind
	namespace string
}

// Verdicts judges objects, and requests those that were never requested.
type Verdicts struct {
	*health.Assessor
	snap *snapshot.Snapshot
}

// Of judges the object that ref names (health.Assessor.Of).
func (v Verdicts) Of(ref object.Ref) health.Verdict {
	v.snap.Lookup(ref)
	return v.Assessor.Of(ref)
}

// New returns a context of the snapshot that explains objects by the registry.
func New(snap *snapshot.Snapshot, tenants []tenant.Tenant, by Registry) *Context {
	known := snap.Known()
	x := &Context{
		Snap: snap, Known: known, Now: snap.Meta().At, Health: Verdicts{health.New(known), snap}, Tenants: tenants,
		Registry: by, Memos: map[any]any{},
		owned: map[ownedIn]map[object.Key][]*unstructured.Unstructured{},
		exams: newExams(), messages: message.Messages{}, Dependents: map[object.Key][]object.Ref{},
	}
	for _, obj := range snap.List(object.KustomizationKind, "").Objects {
		for _, ref := range health.Dependencies(obj) {
			x.Dependents[ref.Key()] = append(x.Dependents[ref.Key()], object.RefOf(obj))
		}
	}
	return x
}

// Warnings are the Warning events about the current object, the newest first: events
// about an earlier object of the same name are omitted.
func (x *Context) Warnings(obj *unstructured.Unstructured) []health.Warning {
	namespace := obj.GetNamespace()
	if namespace == "" {
		namespace = metav1.NamespaceDefault // where events about objects without a namespace are
	}
	x.Snap.List(object.EventKind, namespace)
	return x.Health.Warnings.About(obj)
}

// Message is a message of a condition or event, parsed on demand.
func (x *Context) Message(text string) *message.Message { return x.messages.Of(text) }

// Children are the objects of a kind in the same namespace that the object owns.
func (x *Context) Children(obj *unstructured.Unstructured, kind schema.GroupKind) []*unstructured.Unstructured {
	return x.OwnedBy(object.RefOf(obj), kind)
}

// OwnedBy are the objects of a kind that have the object as their owner.
func (x *Context) OwnedBy(owner object.Ref, kind schema.GroupKind) []*unstructured.Unstructured {
	in := ownedIn{kind, owner.Namespace}
	index := x.owned[in]
	if index == nil {
		index = map[object.Key][]*unstructured.Unstructured{}
		for _, obj := range x.Snap.List(kind, owner.Namespace).Objects {
			for _, by := range obj.GetOwnerReferences() {
				ref := object.Ref{APIVersion: by.APIVersion, Kind: by.Kind, Namespace: obj.GetNamespace(), Name: by.Name}
				index[ref.Key()] = append(index[ref.Key()], obj)
			}
		}
		x.owned[in] = index
	}
	return slices.Clone(index[owner.Key()])
}

// Unreadable is why a kind can't be read completely in a namespace. A kind that is not
// served has no objects: that is an answer.
func (x *Context) Unreadable(kind schema.GroupKind, namespace string) []snapshot.Failure {
	return WhyPartial(kind, namespace, x.Snap.List(kind, namespace))
}

// WhyPartial is why a listing may not contain all objects. A kind that is not served
// has none.
func WhyPartial(kind schema.GroupKind, namespace string, listing snapshot.Listing) []snapshot.Failure {
	why := slices.DeleteFunc(slices.Clone(listing.Unknown), func(f snapshot.Failure) bool { return f.Reason == snapshot.NotServed })
	if len(listing.Unknown) == 0 && listing.Partial {
		why = append(why, snapshot.Failure{Reason: snapshot.NotRequested, Verb: "list", Resource: kind.String(), Namespace: namespace})
	}
	return why
}

// KindsNamed are the kinds of that name in any group: those that explainers know and
// those that were read. Messages often omit the group.
func (x *Context) KindsNamed(kind string) []schema.GroupKind {
	var found []schema.GroupKind
	for known := range x.Registry.ByKind {
		if known.Kind == kind {
			found = append(found, known)
		}
	}
	for _, requested := range x.Known.Requests() {
		if requested.Kind == kind {
			found = append(found, requested.GroupKind())
		}
	}
	slices.SortFunc(found, func(a, b schema.GroupKind) int { return strings.Compare(a.Group, b.Group) })
	return slices.Compact(found)
}

// TenantOf is the tenant that a namespace belongs to, empty if none.
func (x *Context) TenantOf(namespace string) string {
	return Memoize(x, tenantIndex{}, func() map[string]string {
		tenants := map[string]string{}
		for _, t := range x.Tenants {
			for _, owned := range t.Namespaces {
				if _, ok := tenants[owned]; !ok {
					tenants[owned] = t.Name
				}
			}
		}
		return tenants
	})[namespace]
}

// tenantIndex is the key of the tenants by namespace.
type tenantIndex struct{}

// Evidence is a field of an object as evidence.
func Evidence(obj *unstructured.Unstructured, path, value string, at time.Time) finding.Evidence {
	return finding.Evidence{Ref: object.RefOf(obj), Field: path, Value: value, At: at}
}

// EventEvidence is an event as evidence.
func EventEvidence(ref object.Ref, e health.Warning) finding.Evidence {
	return finding.Evidence{Ref: ref, Field: e.Field(), Value: e.Message, At: e.Last}
}
