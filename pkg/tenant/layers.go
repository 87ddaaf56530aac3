package tenant

import (
	"path"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// layer is a Kustomization with what it declares.
type layer struct {
	ref       finding.Ref
	path      string
	org       string
	touches   set                      // namespaces that it applies to or checks
	orthancIn set                      // those in which it applies or checks an Orthanc
	runs      map[string][]finding.Ref // workloads and releases that it applies or checks, by namespace
	needs     []finding.Ref            // who applies it, then what it depends on
}

func readLayer(snap *snapshot.Snapshot, obj *unstructured.Unstructured) *layer {
	l := &layer{
		ref:     finding.RefOf(obj),
		path:    path.Clean(field.Text(obj.Object, "spec", "path")),
		org:     obj.GetLabels()[orgLabel],
		touches: set{}, orthancIn: set{}, runs: map[string][]finding.Ref{},
	}
	l.needs = append(ownerOf(snap, obj), health.Dependencies(obj)...)
	if target := field.Text(obj.Object, "spec", "targetNamespace"); target != "" {
		l.touches[target] = true
	}
	for _, check := range field.List(obj.Object, "spec", "healthChecks") {
		l.addNamespaces(snap, finding.Ref{
			APIVersion: field.Text(check, "apiVersion"), Kind: field.Text(check, "kind"),
			Namespace: field.Text(check, "namespace"), Name: field.Text(check, "name"),
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
func ownerOf(snap *snapshot.Snapshot, obj *unstructured.Unstructured) []finding.Ref {
	owner := health.AppliedBy(obj)
	owner.APIVersion = obj.GetAPIVersion() // they are of one kind
	if owner.Name == "" || owner.Same(finding.RefOf(obj)) || snap.Lookup(owner).Presence == snapshot.Absent {
		return nil
	}
	return []finding.Ref{owner}
}

// addNamespaces records that the layer applies or checks the object.
func (l *layer) addNamespaces(snap *snapshot.Snapshot, ref finding.Ref) {
	namespace, certain := ref.Namespace, true
	switch ref.GroupKind() {
	case health.NamespaceKind:
		l.touches[ref.Name] = true
		return
	case health.HelmReleaseKind:
		// A release may install elsewhere. Until it can be read, one beside its
		// layer tells nothing of where Orthanc will be: flux-system is no tenant.
		obj := snap.Lookup(ref).Object
		certain = obj != nil || namespace != l.ref.Namespace
		if obj != nil {
			l.touches[namespace] = true
			namespace = targetOf(obj)
		}
	case health.DeploymentKind, health.StatefulSetKind:
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
	if target := field.Text(release.Object, "spec", "targetNamespace"); target != "" {
		return target
	}
	return release.GetNamespace()
}

// AffectedNamespaces are the namespaces that contain objects which a Kustomization
// applies or checks, sorted; none for any other object.
func AffectedNamespaces(snap *snapshot.Snapshot, ref finding.Ref) []string {
	obj := snap.Lookup(ref).Object
	if obj == nil || ref.GroupKind() != health.KustomizationKind {
		return nil
	}
	return readLayer(snap, obj).touches.sorted()
}
