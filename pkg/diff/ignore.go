package diff

import (
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ignoreRule is an entry of spec.ignore: fields that Flux does not compare, because other
// controllers set them (kustomize-controller v1.9.6, api/v1; fluxcd/pkg/ssa v0.76.2, jsondiff).
type ignoreRule struct {
	// pointers are JSON pointers (RFC 6901).
	pointers []string
	// target are the object's properties; a missing one matches all objects.
	target map[string]any
}

func ignoreRules(layer *unstructured.Unstructured) []ignoreRule {
	var rules []ignoreRule
	for _, entry := range object.List(layer.Object, "spec", "ignore") {
		rules = append(rules, ignoreRule{pointers: object.Texts(entry, "paths"), target: object.Map(entry, "target")})
	}
	return rules
}

// remove removes the rule's fields from an object if the rule applies to the live one.
func (r ignoreRule) remove(obj, live *unstructured.Unstructured) {
	if !r.matches(live) {
		return
	}
	for _, pointer := range r.pointers {
		var steps []string
		for _, step := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
			steps = append(steps, strings.NewReplacer("~1", "/", "~0", "~").Replace(step))
		}
		removeAt(obj.Object, steps)
	}
}

// removeAt removes the value at a path of keys and indices.
func removeAt(value any, steps []string) {
	for ; len(steps) > 1; steps = steps[1:] {
		switch v := value.(type) {
		case map[string]any:
			value = v[steps[0]]
		case []any:
			i, err := strconv.Atoi(steps[0])
			if err != nil || i < 0 || i >= len(v) {
				return
			}
			value = v[i]
		default:
			return
		}
	}
	if m, ok := value.(map[string]any); ok {
		delete(m, steps[0])
	}
}

// matches reports whether an object has the properties of the target, which are regular
// expressions and selectors.
func (r ignoreRule) matches(obj *unstructured.Unstructured) bool {
	kind := obj.GroupVersionKind()
	for key, value := range map[string]string{
		"group": kind.Group, "version": kind.Version, "kind": kind.Kind, "name": obj.GetName(), "namespace": obj.GetNamespace(),
	} {
		if wanted := object.Text(r.target, key); wanted != "" {
			expression, err := regexp.Compile("^(?:" + wanted + ")$")
			if err != nil || !expression.MatchString(value) {
				return false
			}
		}
	}
	for key, set := range map[string]map[string]string{"labelSelector": obj.GetLabels(), "annotationSelector": obj.GetAnnotations()} {
		if wanted := object.Text(r.target, key); wanted != "" {
			selector, err := labels.Parse(wanted)
			if err != nil || !selector.Matches(labels.Set(set)) {
				return false
			}
		}
	}
	return true
}
