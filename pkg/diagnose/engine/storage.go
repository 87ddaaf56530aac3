package engine

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// oldClassName is the annotation with a claim's class before Kubernetes 1.6.
const oldClassName = "volume.beta.kubernetes.io/storage-class"

// ClaimClass is the class that a claim requests, and whether it sets one: an empty name
// requests a volume without a class.
func ClaimClass(claim *unstructured.Unstructured) (class string, named bool) {
	if old, ok := claim.GetAnnotations()[oldClassName]; ok {
		return old, true
	}
	_, named = object.Map(claim.Object, "spec")["storageClassName"]
	return object.Text(claim.Object, "spec", "storageClassName"), named
}

// DefaultClass is the annotation of the class for claims that set none.
const DefaultClass = "storageclass.kubernetes.io/is-default-class"

// IsDefault reports whether a StorageClass is the one for claims that set none.
func IsDefault(class *unstructured.Unstructured) bool {
	notes := class.GetAnnotations()
	return notes[DefaultClass] == "true" || notes["storageclass.beta.kubernetes.io/is-default-class"] == "true"
}

// QuoteClass quotes the class of a claim.
func QuoteClass(claim *unstructured.Unstructured, class string) finding.Evidence {
	if claim.GetAnnotations()[oldClassName] == class {
		return Evidence(claim, "metadata.annotations["+oldClassName+"]", class, time.Time{})
	}
	return Evidence(claim, "spec.storageClassName", class, time.Time{})
}

// Class is the StorageClass of that name, the default class if the name is empty; nil if
// there is none.
func (x *Context) Class(name string) *unstructured.Unstructured {
	if name == "" {
		for _, class := range x.Snap.List(object.StorageClassKind, "").Objects {
			if IsDefault(class) {
				return class
			}
		}
		return nil
	}
	return x.Snap.Lookup(object.Ref{APIVersion: "storage.k8s.io/v1", Kind: "StorageClass", Name: name}).Object
}

// Claims are the names of the claims of a pod's volumes: those that it references, and
// those created for it (generic ephemeral volumes).
func Claims(pod *unstructured.Unstructured) []string {
	var found []string
	for _, volume := range object.List(pod.Object, "spec", "volumes") {
		if name := object.Text(volume, "persistentVolumeClaim", "claimName"); name != "" {
			found = append(found, name)
		}
		if object.Map(volume, "ephemeral") != nil {
			found = append(found, pod.GetName()+"-"+object.Text(volume, "name"))
		}
	}
	return found
}

// UsesClaim is where a pod references the claim.
func UsesClaim(pod *unstructured.Unstructured, claim string) []finding.Evidence {
	for _, volume := range object.List(pod.Object, "spec", "volumes") {
		if object.Text(volume, "persistentVolumeClaim", "claimName") == claim {
			return []finding.Evidence{Evidence(pod, "spec.volumes["+object.Text(volume, "name")+"].persistentVolumeClaim.claimName", claim, time.Time{})}
		}
	}
	return nil
}

// Attachments are the VolumeAttachments of a volume.
func (x *Context) Attachments(volume string, unknown *[]snapshot.Failure) []*unstructured.Unstructured {
	*unknown = Union(*unknown, x.Unreadable(object.AttachmentKind, ""))
	return slices.DeleteFunc(slices.Clone(x.Snap.List(object.AttachmentKind, "").Objects), func(a *unstructured.Unstructured) bool {
		return object.Text(a.Object, "spec", "source", "persistentVolumeName") != volume
	})
}
