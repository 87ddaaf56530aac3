package diagnose

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// examiner is what explainers may ask. All indexes are built once.
type examiner struct {
	snap    *snapshot.Snapshot
	now     time.Time
	health  *health.Assessor
	tenants []tenant.Tenant
	// events are the Warning events about each object, the newest first.
	events map[finding.Key][]event
	// owned are the objects that name another as their controller.
	owned map[finding.Key][]*unstructured.Unstructured
	// dependents are the layers that depend on each layer.
	dependents map[finding.Key][]finding.Ref
	// byLabel are the workloads and Pods of the cluster by each of their pods'
	// labels, built when first asked for.
	byLabel map[string][]*unstructured.Unstructured
	// running are the controllers' Deployments and Leases, found when first
	// asked for.
	running map[string]running
	// exams are those done, by object and by whether something above failed.
	exams map[examKey]exam
}

type examKey struct {
	finding.Key
	failing bool
}

// event is a Warning event.
type event struct {
	reason, message, source string
	first, last             time.Time
	count                   int64
}

func newExaminer(snap *snapshot.Snapshot, tenants []tenant.Tenant) *examiner {
	x := &examiner{
		snap: snap, now: snap.Meta().At, health: health.New(snap), tenants: tenants,
		events: map[finding.Key][]event{}, owned: map[finding.Key][]*unstructured.Unstructured{},
		exams: map[examKey]exam{}, dependents: map[finding.Key][]finding.Ref{},
	}
	for _, obj := range snap.List(health.KustomizationKind, "").Objects {
		for _, ref := range health.Dependencies(obj) {
			x.dependents[ref.Key()] = append(x.dependents[ref.Key()], finding.RefOf(obj))
		}
	}
	for _, obj := range snap.List(health.EventKind, "").Objects {
		x.addEvent(obj)
	}
	for _, events := range x.events {
		slices.SortStableFunc(events, func(a, b event) int { return b.last.Compare(a.last) })
	}
	for _, kind := range ownedKinds {
		for _, obj := range snap.List(kind, "").Objects {
			for _, owner := range obj.GetOwnerReferences() {
				ref := finding.Ref{APIVersion: owner.APIVersion, Kind: owner.Kind, Namespace: obj.GetNamespace(), Name: owner.Name}
				x.owned[ref.Key()] = append(x.owned[ref.Key()], obj)
			}
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
	ownedKinds     = []schema.GroupKind{health.PodKind, replicaSetKind, jobKind, requestKind}
)

func (x *examiner) addEvent(obj *unstructured.Unstructured) {
	if field.Text(obj.Object, "type") != "Warning" {
		return
	}
	involved := field.Map(obj.Object, "involvedObject")
	about := finding.Ref{
		APIVersion: field.Text(involved, "apiVersion"), Kind: field.Text(involved, "kind"),
		Namespace: field.Text(involved, "namespace"), Name: field.Text(involved, "name"),
	}
	e := event{
		reason: field.Text(obj.Object, "reason"), message: strings.TrimSpace(field.Text(obj.Object, "message")),
		source: field.Text(obj.Object, "source", "component"),
		first:  field.FirstTime(obj.Object, []string{"firstTimestamp"}, []string{"eventTime"}),
		last:   field.FirstTime(obj.Object, []string{"series", "lastObservedTime"}, []string{"lastTimestamp"}, []string{"eventTime"}, []string{"firstTimestamp"}),
		count:  max(field.Int(obj.Object, "count"), field.Int(obj.Object, "series", "count"), 1),
	}
	x.events[about.Key()] = append(x.events[about.Key()], e)
}

// warnings are the Warning events about the object as it is now, the newest
// first: those about an earlier one of the same name are left out.
func (x *examiner) warnings(obj *unstructured.Unstructured) []event {
	created := obj.GetCreationTimestamp().Time
	var found []event
	for _, e := range x.events[finding.RefOf(obj).Key()] {
		if !e.last.Before(created) {
			found = append(found, e)
		}
	}
	return found
}

// children are the objects of a kind that the object controls.
func (x *examiner) children(obj *unstructured.Unstructured, kind schema.GroupKind) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, child := range x.owned[finding.RefOf(obj).Key()] {
		if child.GroupVersionKind().GroupKind() == kind {
			found = append(found, child)
		}
	}
	return found
}

// unreadable tells why a kind can't be read in a namespace. A kind that is not
// served has no objects: that is an answer.
func (x *examiner) unreadable(kind schema.GroupKind, namespace string) []snapshot.Failure {
	return slices.DeleteFunc(slices.Clone(x.snap.List(kind, namespace).Unknown),
		func(f snapshot.Failure) bool { return f.Why == snapshot.NotServed })
}

// tenantOf is the tenant that a namespace belongs to, empty when none.
func (x *examiner) tenantOf(namespace string) string {
	for _, t := range x.tenants {
		if slices.Contains(t.Namespaces, namespace) {
			return t.Name
		}
	}
	return ""
}

// evidence is a field of an object as proof.
func evidence(obj *unstructured.Unstructured, path, value string, at time.Time) finding.Evidence {
	return finding.Evidence{Ref: finding.RefOf(obj), Field: path, Value: value, At: at}
}

// said is an event as proof.
func said(ref finding.Ref, e event) finding.Evidence {
	return finding.Evidence{Ref: ref, Field: "event " + e.reason, Value: e.message, At: e.last}
}
