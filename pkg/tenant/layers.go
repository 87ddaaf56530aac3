package tenant

import (
	"path"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// layer is a Kustomization with what it declares.
type layer struct {
	ref       object.Ref
	path      string
	org       string
	touches   set                     // namespaces that it applies to or checks
	orthancIn set                     // those in which it applies or checks an Orthanc
	runs      map[string][]object.Ref // workloads and releases that it applies or checks, by namespace
	needs     []object.Ref            // the layer that applies it, then its dependencies
}

func readLayer(snap *snapshot.Snapshot, obj *unstructured.Unstructured) *layer {
	l := &layer{
		ref:     object.RefOf(obj),
		path:    path.Clean(object.Text(obj.Object, "spec", "path")),
		org:     obj.GetLabels()[orgLabel],
		touches: set{}, orthancIn: set{}, runs: map[string][]object.Ref{},
	}
	l.needs = append(ownerOf(snap, obj), health.Dependencies(obj)...)
	if target := object.Text(obj.Object, "spec", "targetNamespace"); target != "" {
		l.touches[target] = true
	}
	for _, check := range object.List(obj.Object, "spec", "healthChecks") {
		l.addNamespaces(snap, object.Ref{
			APIVersion: object.Text(check, "apiVersion"), Kind: object.Text(check, "kind"),
			Namespace: object.Text(check, "namespace"), Name: object.Text(check, "name"),
		})
	}
	for _, ref := range health.Inventory(obj) {
		l.addNamespaces(snap, ref)
	}
	delete(l.touches, "")
	return l
}

// ownerOf is the layer that applies the layer, if it can exist. A layer that is known
// not to exist owns nothing: it was deleted without pruning, or its labels are from
// another cluster.
func ownerOf(snap *snapshot.Snapshot, obj *unstructured.Unstructured) []object.Ref {
	owner := health.AppliedBy(obj)
	owner.APIVersion = obj.GetAPIVersion() // both have the same kind
	if owner.Name == "" || owner.Same(object.RefOf(obj)) || snap.Lookup(owner).Presence == snapshot.Absent {
		return nil
	}
	return []object.Ref{owner}
}

// addNamespaces records that the layer applies or checks the object.
func (l *layer) addNamespaces(snap *snapshot.Snapshot, ref object.Ref) {
	namespace, certain := ref.Namespace, true
	switch ref.GroupKind() {
	case object.NamespaceKind:
		l.touches[ref.Name] = true
		return
	case object.HelmReleaseKind:
		// A release may install into another namespace. Until it can be read, its own
		// namespace does not show where Orthanc will run: flux-system is not a tenant.
		obj := snap.Lookup(ref).Object
		certain = obj != nil || namespace != l.ref.Namespace
		if obj != nil {
			l.touches[namespace] = true
			namespace = targetOf(obj)
		}
	case object.DeploymentKind, object.StatefulSetKind:
	default:
		l.touches[namespace] = true
		return
	}
	l.touches[namespace] = true
	l.runs[namespace] = append(l.runs[namespace], ref)
	if certain && namesOrthanc(ref.Name) {
		l.orthancIn[namespace] = true
	}
}

// targetOf is the namespace that a HelmRelease installs into.
func targetOf(release *unstructured.Unstructured) string {
	if target := object.Text(release.Object, "spec", "targetNamespace"); target != "" {
		return target
	}
	return release.GetNamespace()
}

// AffectedNamespaces are the namespaces that contain objects which a Kustomization
// applies or checks, sorted; none for any other object.
func AffectedNamespaces(snap *snapshot.Snapshot, ref object.Ref) []string {
	obj := snap.Lookup(ref).Object
	if obj == nil || ref.GroupKind() != object.KustomizationKind {
		return nil
	}
	return readLayer(snap, obj).touches.sorted()
}
