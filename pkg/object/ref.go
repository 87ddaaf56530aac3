// Package object names Kubernetes objects, reads single fields and conditions of
// unstructured objects, and lists the kinds that the program knows. It is a leaf: it imports
// no other package of the program.
//
// A field that is missing or of another type than expected reads as the zero value: objects
// are data from a cluster, and one malformed object must not affect the answer about the
// others. Nothing is copied, so do not modify the returned values.
package object

import (
	"cmp"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Ref names one object of a cluster. Namespace is empty for cluster-scoped kinds.
// APIVersion is "group/version", or "v1" for the core group, as in the object itself;
// two Refs that only differ in version name the same object.
type Ref struct {
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

// RefOf names the object.
func RefOf(obj *unstructured.Unstructured) Ref {
	return Ref{
		APIVersion: obj.GetAPIVersion(),
		Kind:       obj.GetKind(),
		Namespace:  obj.GetNamespace(),
		Name:       obj.GetName(),
	}
}

// GroupKind is the group and kind of the object, without its version.
func (r Ref) GroupKind() schema.GroupKind {
	group, _, found := strings.Cut(r.APIVersion, "/")
	if !found {
		group = ""
	}
	return schema.GroupKind{Group: group, Kind: r.Kind}
}

// Short is "Kind/name", as kubectl and Flux write it if the namespace is known from the
// context.
func (r Ref) Short() string { return r.Kind + "/" + r.Name }

// String is "Kind namespace/name", the form for people.
func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Kind + " " + r.Name
	}
	return r.Kind + " " + r.Namespace + "/" + r.Name
}

// Same reports whether both name the same object, in any API version.
func (r Ref) Same(other Ref) bool { return r.Key() == other.Key() }

// Key is the Ref without its version, as a key for maps.
func (r Ref) Key() Key { return Key{r.GroupKind(), r.Namespace, r.Name} }

// Key identifies an object independent of its version.
type Key struct {
	schema.GroupKind
	Namespace, Name string
}

// Compare orders Refs by kind, namespace and name, then API version, so that
// output never depends on the order in which a cluster answered.
func (r Ref) Compare(other Ref) int {
	return cmp.Or(
		cmp.Compare(r.Kind, other.Kind),
		cmp.Compare(r.Namespace, other.Namespace),
		cmp.Compare(r.Name, other.Name),
		cmp.Compare(r.APIVersion, other.APIVersion),
	)
}

// PluralOf guesses the resource of a kind, where no discovery names it: as Kubernetes
// does, except for a vowel and y, of which Kubernetes makes "gatewaies".
func PluralOf(kind string) string {
	plural, singular := meta.UnsafeGuessKindToResource(schema.GroupVersionKind{Kind: kind})
	for _, end := range []string{"ay", "ey", "oy"} {
		if strings.HasSuffix(singular.Resource, end) {
			return singular.Resource + "s"
		}
	}
	return plural.Resource
}
