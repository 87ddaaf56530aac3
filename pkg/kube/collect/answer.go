package collect

import (
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

// listing is a list that answers a want.
type listing struct {
	gvk        schema.GroupVersionKind
	namespaced bool
	// namespace is the one that was listed, empty for all.
	namespace string
	// metadata is set when only metadata was requested.
	metadata bool
	// fields are those that are kept.
	fields *fields
}

// kinds are the kinds of the list and of its items.
func (l listing) kinds() (list, item schema.GroupVersionKind) {
	if l.metadata {
		version := metav1.SchemeGroupVersion
		return version.WithKind("PartialObjectMetadataList"), version.WithKind("PartialObjectMetadata")
	}
	return l.gvk.GroupVersion().WithKind(l.gvk.Kind + "List"), l.gvk
}

// head is what a list has beside its items.
type head struct {
	metav1.TypeMeta
	Metadata page
	// Message is that of a Status.
	Message string
	// hasItems is set if there is a field "items", and first is the kind in the first of them.
	hasItems bool
	first    string
}

// page is the metadata of a page of a list.
type page struct {
	// Continue is the token of the next page, empty for the last.
	Continue string `json:"continue"`
	// ResourceVersion is the list's, from which changes can be watched.
	ResourceVersion string `json:"resourceVersion"`
}

// decode reads a list's body in one pass, and passes each object with its weight to keep: a
// page that is decoded at once would need many times the memory of the kept objects. Anything
// else than a complete list of the kind is an error: it must not look like an empty list.
func (l listing) decode(body request.Body, pool *pool, keep func(*unstructured.Unstructured, int64) error) (page, error) {
	want, _ := l.kinds()
	reading := &listReading{listing: l, decoder: newDecoder(body.Reader(), pool), keep: keep, seen: map[string]bool{}}
	err := reading.read()
	var unfit notKeptError
	switch {
	case errors.As(err, &unfit):
		return page{}, unfit.error
	case errors.Is(err, errNotUTF8):
		return page{}, errNotUTF8
	case err != nil:
		// encoding/json knows best what is wrong with it.
		if err := request.Unmarshal(body.Bytes(), &list{}, want.Kind); err != nil {
			return page{}, err
		}
		return page{}, request.Malformed("the %s is malformed: %v", want.Kind, err)
	}
	if err := l.check(reading.head); err != nil {
		return page{}, err
	}
	if reading.wrong != nil {
		return page{}, reading.wrong
	}
	return reading.head.Metadata, nil
}

// check returns an error unless the answer is a list of the kind.
func (l listing) check(answer head) error {
	want, _ := l.kinds()
	// A custom resource may have another name for its list: the kind of its items counts.
	if answer.Kind != want.Kind && (l.metadata || answer.first != l.gvk.Kind) {
		return request.OtherKind(answer.Kind, answer.Message, want.Kind)
	}
	if groupOf(answer.APIVersion) != want.Group {
		return request.Malformed("the answer is %s of %s, not of %s", request.WithArticle(answer.Kind), answer.APIVersion, want.GroupVersion())
	}
	if !answer.hasItems {
		return request.Malformed("the %s has no items", want.Kind)
	}
	return nil
}

// item is a decoded object of a list; the error continues after "item 1". Objects of built-in
// kinds come without apiVersion and kind, which are added here.
func (l listing) item(content any) (*unstructured.Unstructured, error) {
	fields, ok := content.(map[string]any)
	obj := &unstructured.Unstructured{Object: fields}
	_, want := l.kinds()
	switch {
	case !ok:
		return nil, errors.New("is not an object")
	case obj.GetKind() != "" && obj.GetKind() != want.Kind:
		return nil, fmt.Errorf("is %s", request.WithArticle(obj.GetKind()))
	case obj.GetAPIVersion() != "" && groupOf(obj.GetAPIVersion()) != want.Group:
		return nil, fmt.Errorf("is %s of %s", request.WithArticle(want.Kind), obj.GetAPIVersion())
	case obj.GetName() == "":
		return nil, errors.New("has no name")
	case request.NameProblem(obj.GetName()) != "":
		return nil, fmt.Errorf("has a name that %s", request.NameProblem(obj.GetName()))
	case l.namespaced && obj.GetNamespace() == "":
		return nil, errors.New("has no namespace")
	case obj.GetNamespace() != "" && request.NameProblem(obj.GetNamespace()) != "":
		return nil, fmt.Errorf("has a namespace that %s", request.NameProblem(obj.GetNamespace()))
	case l.namespaced && l.namespace != "" && obj.GetNamespace() != l.namespace:
		return nil, fmt.Errorf("is of the namespace %s, not %s", obj.GetNamespace(), l.namespace)
	}
	obj.SetGroupVersionKind(l.gvk)
	return obj, nil
}

// groupOf is the group of an apiVersion, empty if it is invalid.
func groupOf(apiVersion string) string {
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return apiVersion
	}
	return gv.Group
}
