package collect

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"

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
}

// kinds are the kinds of the list and of its items.
func (l listing) kinds() (list, item schema.GroupVersionKind) {
	if l.metadata {
		version := metav1.SchemeGroupVersion
		return version.WithKind("PartialObjectMetadataList"), version.WithKind("PartialObjectMetadata")
	}
	return l.gvk.GroupVersion().WithKind(l.gvk.Kind + "List"), l.gvk
}

// list is what decode reads from a list.
type list struct {
	metav1.TypeMeta
	Metadata page   `json:"metadata"`
	Items    items  `json:"items"`
	Message  string `json:"message"` // of a Status
}

// page is the metadata of a page of a list.
type page struct {
	// Continue is the token of the next page, empty for the last.
	Continue string `json:"continue"`
	// ResourceVersion is the list's, from which changes can be watched.
	ResourceVersion string `json:"resourceVersion"`
}

// decode reads a list's body, object by object, and passes each to keep: a page that is
// decoded at once would need many times the memory of the kept objects. Anything else than
// a complete list of the kind is an error: it must not look like an empty list.
func (l listing) decode(body []byte, keep func(*unstructured.Unstructured) error) (page, error) {
	var answer list
	want, _ := l.kinds()
	if err := request.Unmarshal(body, &answer, want.Kind); err != nil {
		return page{}, err
	}
	if err := l.check(answer); err != nil {
		return page{}, err
	}
	rest, seen := answer.Items, map[string]bool{}
	for i := 1; ; i++ {
		var item []byte
		if item, rest = rest.next(); item == nil {
			return answer.Metadata, nil
		}
		obj, err := l.item(item)
		if err == nil {
			if name := obj.GetNamespace() + "/" + obj.GetName(); seen[name] {
				err = fmt.Errorf("repeats %s", name)
			} else {
				seen[name] = true
			}
		}
		if err != nil {
			return page{}, request.Malformed("item %d of the %s %s", i, want.Kind, err)
		}
		if err := keep(obj); err != nil {
			return page{}, err
		}
	}
}

// check returns an error unless the answer is a list of the kind.
func (l listing) check(answer list) error {
	want, _ := l.kinds()
	first, _ := answer.Items.next()
	// A custom resource may have another name for its list: the kind of its items counts.
	if answer.Kind != want.Kind && (l.metadata || first == nil || kindOf(first) != l.gvk.Kind) {
		return request.OtherKind(answer.Kind, answer.Message, want.Kind)
	}
	if groupOf(answer.APIVersion) != want.Group {
		return request.Malformed("the answer is %s of %s, not of %s", request.WithArticle(answer.Kind), answer.APIVersion, want.GroupVersion())
	}
	if answer.Items == nil {
		return request.Malformed("the %s has no items", want.Kind)
	}
	return nil
}

// item decodes one object of a list; the error continues after "item 1". Objects of built-in
// kinds come without apiVersion and kind, which are added here. managedFields are removed
// immediately; they are often half of an object.
func (l listing) item(body []byte) (*unstructured.Unstructured, error) {
	if len(body) > maxItem {
		return nil, fmt.Errorf("is larger than %d MiB", maxItem>>20)
	}
	content, err := decodeItem(body)
	if err != nil {
		return nil, fmt.Errorf("is malformed: %w", err)
	}
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
	obj.SetManagedFields(nil)
	obj.SetGroupVersionKind(l.gvk)
	return obj, nil
}

// decoding is held while a big item is decoded.
var decoding sync.Mutex

func decodeItem(body []byte) (content any, err error) {
	if len(body) > bigItem {
		decoding.Lock()
		defer decoding.Unlock()
	}
	err = json.Unmarshal(body, &content)
	return content, err
}

// groupOf is the group of an apiVersion, empty if it is invalid.
func groupOf(apiVersion string) string {
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return apiVersion
	}
	return gv.Group
}

// kindOf is the kind in an item.
func kindOf(item []byte) string {
	var typed metav1.TypeMeta
	if err := stdjson.Unmarshal(item, &typed); err != nil {
		return ""
	}
	return typed.Kind
}
