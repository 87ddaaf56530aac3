package request

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/validate/content"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
)

// Place is the path where a kind's objects are served.
type Place struct {
	schema.GroupVersionKind
	// Resource is the plural in the path.
	Resource, Namespace string
}

// Path is that of the place, or of the named object in it. It rejects names that can't be
// one step of a path: names come from answers, too.
func (p Place) Path(name string) ([]string, error) {
	steps := []string{"apis", p.Group, p.Version}
	if p.Group == "" {
		steps = []string{"api", p.Version}
	}
	if p.Namespace != "" {
		steps = append(steps, "namespaces", p.Namespace)
	}
	if steps = append(steps, p.Resource); name != "" {
		steps = append(steps, name)
	}
	for _, step := range steps {
		if why := NameProblem(step); why != "" {
			return nil, Malformed("%q can't be part of a request's path: it %s", step, why)
		}
	}
	return steps, nil
}

// NameProblem returns why the text can't be the name of an object, or be in a request's path;
// empty if it can.
func NameProblem(text string) string {
	switch {
	case text == "":
		return "is empty"
	case strings.ContainsRune(text, utf8.RuneError):
		return "is not UTF-8"
	case len(text) > maxName:
		return fmt.Sprintf("is longer than %d bytes", maxName)
	}
	return strings.Join(content.IsPathSegmentName(text), ", ")
}

// maxName is the longest name of a DNS subdomain: no name in Kubernetes is longer.
const maxName = 253

// Object decodes an answer that must be the named object.
func (p Place) Object(body []byte, name string) (*unstructured.Unstructured, error) {
	var head struct {
		metav1.TypeMeta
		Message string `json:"message"`
	}
	if err := Unmarshal(body, &head, p.Kind); err != nil {
		return nil, err
	}
	gv, err := schema.ParseGroupVersion(head.APIVersion)
	switch {
	case head.Kind != p.Kind:
		return nil, OtherKind(head.Kind, head.Message, p.Kind)
	case err != nil || gv.Group != p.Group:
		return nil, Malformed("the answer is %s of %s, not of %s", WithArticle(head.Kind), head.APIVersion, p.GroupVersion())
	}
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, Malformed("the %s is malformed: %v", p.Kind, err)
	}
	obj := &unstructured.Unstructured{Object: fields}
	if obj.GetNamespace() != p.Namespace || obj.GetName() != name {
		return nil, Malformed("the answer is %s %s, not %s", p.Kind, nameOf(obj.GetNamespace(), obj.GetName()), nameOf(p.Namespace, name))
	}
	return obj, nil
}

func nameOf(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}
