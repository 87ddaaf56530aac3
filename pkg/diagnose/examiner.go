package diagnose

import (
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// examiner provides what explainers need. A look-up in snap of something that was never
// requested becomes a query of the Inquiry of the snapshot: on a live cluster, it is
// then read, and the explainers run again.
type examiner struct {
	snap *snapshot.Snapshot
	// known is snap without an Inquiry: for hints that are not worth a request, and
	// for what status has intentionally read in part.
	known    *snapshot.Snapshot
	now      time.Time
	health   verdicts
	tenants  []tenant.Tenant
	registry registry
	// owned are the objects that have another object as their owner, by kind and
	// namespace; each is built on first use.
	owned map[ownedIn]map[finding.Key][]*unstructured.Unstructured
	// dependents are the layers that depend on each layer.
	dependents map[finding.Key][]finding.Ref
	exams      exams
	// messages are the parsed messages.
	messages fluxmsg.Messages
	// memos are what memoize has computed.
	memos map[any]any
}

// registry is what explains objects.
type registry struct {
	// byKind has the explainer of each kind that has one.
	byKind map[schema.GroupKind]explainer
	// terminating explains objects that are being deleted, other those of kinds
	// that have no explainer.
	terminating, other explainer
	// judges read what an object reports about itself, by kind.
	judges map[schema.GroupKind]judge
}

// memoize returns what build returns, which it calls once for each key. A key is of
// a type of its own, so that packages can't take each other's.
func memoize[T any](x *examiner, key any, build func() T) T {
	if known, ok := x.memos[key]; ok {
		return known.(T)
	}
	value := build()
	x.memos[key] = value
	return value
}

type ownedIn struct {
	schema.GroupKind
	namespace string
}

// verdicts judges objects, and requests those that were never requested.
type verdicts struct {
	*health.Assessor
	snap *snapshot.Snapshot
}

// Of judges the object that ref names (health.Assessor.Of).
func (v verdicts) Of(ref finding.Ref) health.Verdict {
	v.snap.Lookup(ref)
	return v.Assessor.Of(ref)
}

// newContext returns an examiner of the snapshot that explains objects by the registry.
func newContext(snap *snapshot.Snapshot, tenants []tenant.Tenant, by registry) *examiner {
	known := snap.Known()
	x := &examiner{
		snap: snap, known: known, now: snap.Meta().At, health: verdicts{health.New(known), snap}, tenants: tenants,
		registry: by, memos: map[any]any{},
		owned: map[ownedIn]map[finding.Key][]*unstructured.Unstructured{},
		exams: newExams(), messages: fluxmsg.Messages{}, dependents: map[finding.Key][]finding.Ref{},
	}
	for _, obj := range snap.List(health.KustomizationKind, "").Objects {
		for _, ref := range health.Dependencies(obj) {
			x.dependents[ref.Key()] = append(x.dependents[ref.Key()], finding.RefOf(obj))
		}
	}
	return x
}

// Kinds that workloads make and own.
var (
	replicaSetKind = schema.GroupKind{Group: "apps", Kind: "ReplicaSet"}
	daemonSetKind  = schema.GroupKind{Group: "apps", Kind: "DaemonSet"}
	jobKind        = schema.GroupKind{Group: "batch", Kind: "Job"}
	requestKind    = schema.GroupKind{Group: health.CertificateKind.Group, Kind: "CertificateRequest"}
)

// warnings are the Warning events about the current object, the newest first: events
// about an earlier object of the same name are omitted.
func (x *examiner) warnings(obj *unstructured.Unstructured) []health.Warning {
	namespace := obj.GetNamespace()
	if namespace == "" {
		namespace = metav1.NamespaceDefault // where events about objects without a namespace are
	}
	x.snap.List(health.EventKind, namespace)
	return x.health.Warnings.About(obj)
}

// message is a message of a condition or event, parsed on demand.
func (x *examiner) message(text string) *fluxmsg.Message { return x.messages.Of(text) }

// children are the objects of a kind in the same namespace that the object owns.
func (x *examiner) children(obj *unstructured.Unstructured, kind schema.GroupKind) []*unstructured.Unstructured {
	return x.ownedBy(finding.RefOf(obj), kind)
}

// ownedBy are the objects of a kind that have the object as their owner.
func (x *examiner) ownedBy(owner finding.Ref, kind schema.GroupKind) []*unstructured.Unstructured {
	in := ownedIn{kind, owner.Namespace}
	index := x.owned[in]
	if index == nil {
		index = map[finding.Key][]*unstructured.Unstructured{}
		for _, obj := range x.snap.List(kind, owner.Namespace).Objects {
			for _, by := range obj.GetOwnerReferences() {
				ref := finding.Ref{APIVersion: by.APIVersion, Kind: by.Kind, Namespace: obj.GetNamespace(), Name: by.Name}
				index[ref.Key()] = append(index[ref.Key()], obj)
			}
		}
		x.owned[in] = index
	}
	return slices.Clone(index[owner.Key()])
}

// unreadable is why a kind can't be read completely in a namespace. A kind that is not
// served has no objects: that is an answer.
func (x *examiner) unreadable(kind schema.GroupKind, namespace string) []snapshot.Failure {
	return whyPartial(kind, namespace, x.snap.List(kind, namespace))
}

// whyPartial is why a listing may not contain all objects. A kind that is not served
// has none.
func whyPartial(kind schema.GroupKind, namespace string, listing snapshot.Listing) []snapshot.Failure {
	why := slices.DeleteFunc(slices.Clone(listing.Unknown), func(f snapshot.Failure) bool { return f.Why == snapshot.NotServed })
	if len(listing.Unknown) == 0 && listing.Partial {
		why = append(why, snapshot.Failure{Why: snapshot.NotAsked, Verb: "list", Resource: kind.String(), Namespace: namespace})
	}
	return why
}

// kindsNamed are the kinds of that name in any group: those that explainers know and
// those that were read. Messages often omit the group.
func (x *examiner) kindsNamed(kind string) []schema.GroupKind {
	var found []schema.GroupKind
	for known := range x.registry.byKind {
		if known.Kind == kind {
			found = append(found, known)
		}
	}
	for _, asked := range x.known.Asked() {
		if asked.Kind == kind {
			found = append(found, asked.GroupKind())
		}
	}
	slices.SortFunc(found, func(a, b schema.GroupKind) int { return strings.Compare(a.Group, b.Group) })
	return slices.Compact(found)
}

// tenantOf is the tenant that a namespace belongs to, empty if none.
func (x *examiner) tenantOf(namespace string) string {
	for _, t := range x.tenants {
		if slices.Contains(t.Namespaces, namespace) {
			return t.Name
		}
	}
	return ""
}

// evidence is a field of an object as evidence.
func evidence(obj *unstructured.Unstructured, path, value string, at time.Time) finding.Evidence {
	return finding.Evidence{Ref: finding.RefOf(obj), Field: path, Value: value, At: at}
}

// eventEvidence is an event as evidence.
func eventEvidence(ref finding.Ref, e health.Warning) finding.Evidence {
	return finding.Evidence{Ref: ref, Field: e.Field(), Value: e.Message, At: e.Last}
}
