package diff

import (
	"encoding/json"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// notTakenOver: Flux keeps the fields that kubectl has set.
var notTakenOver = []setting{{"ssa", "merge"}}

// managers are the prefixes of the field managers whose fields Flux takes over
// (kustomize-controller v1.9.6, apply; fluxcd/pkg/ssa v0.76.2, matchFieldManager).
var managers = map[metav1.ManagedFieldsOperationType][]string{
	metav1.ManagedFieldsOperationApply:  {"kubectl"},
	metav1.ManagedFieldsOperationUpdate: {"kubectl", "before-first-apply", "kustomize-controller"},
}

// TakeOver is what Flux changes in a live object, as a merge patch (RFC 7396), if the answer to the
// dry run of the apply does not show it; otherwise nil. Before Flux applies an object, it takes
// over the fields that users have set with kubectl. It then removes those that the tree does not
// have, unless another field manager also has them.
func TakeOver(live, desired, applied *unstructured.Unstructured) map[string]any {
	result := withoutKubectl(live, desired, applied)
	if equality.Semantic.DeepEqual(compared(result).Object, compared(applied).Object) {
		return nil
	}
	return mergePatch(compared(live).Object, compared(result).Object)
}

// mergePatch is the merge patch that changes one map to the other.
func mergePatch(old, now map[string]any) map[string]any {
	patch := map[string]any{}
	for key := range old {
		if _, ok := now[key]; !ok {
			patch[key] = nil
		}
	}
	for key, value := range now {
		oldMap, isOld := old[key].(map[string]any)
		nowMap, isNow := value.(map[string]any)
		switch {
		case isOld && isNow:
			if below := mergePatch(oldMap, nowMap); len(below) > 0 {
				patch[key] = below
			}
		case !equality.Semantic.DeepEqual(old[key], value):
			patch[key] = value
		}
	}
	return patch
}

// withoutKubectl is the answer to a dry run without the fields that Flux removes. They may have
// default values, which it then also does not have.
func withoutKubectl(live, desired, applied *unstructured.Unstructured) *unstructured.Unstructured {
	_, keepsLive := find(live, notTakenOver)
	_, keeps := find(desired, notTakenOver)
	if keepsLive || keeps {
		return applied
	}
	var taken, others []fieldSet
	for _, entry := range applied.GetManagedFields() {
		if fields := fieldsOf(entry); entry.Subresource == "" && hasPrefix(entry.Manager, managers[entry.Operation]) {
			taken = append(taken, fields)
		} else {
			others = append(others, fields)
		}
	}
	if taken == nil {
		return applied
	}
	applied = applied.DeepCopy()
	for _, fields := range taken {
		fields.removeFrom(applied.Object, others)
	}
	return applied
}

func hasPrefix(text string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(text, prefix) })
}

// fieldSet is a set of fields in the form of metadata.managedFields: "f:NAME", "k:KEYS" and
// "v:VALUE" are the fields, entries of lists with keys, and values of sets below a field, "."
// is the field itself (k8s.io/apimachinery v0.36.4, FieldsV1).
type fieldSet map[string]any

// itself is the member of a fieldSet that is the field itself.
const itself = "."

func fieldsOf(entry metav1.ManagedFieldsEntry) fieldSet {
	var fields fieldSet
	if json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) != nil {
		return fieldSet{}
	}
	return fields
}

func (f fieldSet) below(key string) (fieldSet, bool) {
	below, ok := f[key].(map[string]any)
	return below, ok
}

// removeFrom removes the fields from a value, except those in other sets, and returns what is
// left of the value.
func (f fieldSet) removeFrom(value any, others []fieldSet) any {
	for key := range f {
		var kept []fieldSet
		for _, other := range others {
			if below, ok := other.below(key); ok {
				kept = append(kept, below)
			}
		}
		below, _ := f.below(key)
		if at, child, ok := locate(value, key); ok {
			value = put(value, at, below.remaining(child, kept))
		}
	}
	return value
}

// remaining is what is left of the field at the top of the set, nil for nothing.
func (f fieldSet) remaining(child any, kept []fieldSet) any {
	_, whole := f[itself]
	if (whole || len(f) == 0) && len(kept) == 0 {
		return nil
	}
	child = f.removeFrom(child, kept)
	if len(kept) == 0 && isEmpty(child) {
		return nil
	}
	return child
}

func isEmpty(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

// locate finds the child of a value that a key of a fieldSet names, and its name or index.
func locate(value any, key string) (at, child any, ok bool) {
	kind, name, _ := strings.Cut(key, ":")
	switch v := value.(type) {
	case map[string]any:
		child, ok = v[name]
		return name, child, ok && kind == "f"
	case []any:
		var wanted any
		if kind != "k" && kind != "v" || json.Unmarshal([]byte(name), &wanted) != nil {
			return nil, nil, false
		}
		for i, entry := range v {
			if kind == "v" && text(entry) == text(wanted) || kind == "k" && hasKeys(entry, wanted) {
				return i, entry, true
			}
		}
	}
	return nil, nil, false
}

// hasKeys reports whether an entry of a list has the values of its keys.
func hasKeys(entry, keys any) bool {
	fields, _ := entry.(map[string]any)
	wanted, _ := keys.(map[string]any)
	for key, value := range wanted {
		if text(fields[key]) != text(value) {
			return false
		}
	}
	return len(wanted) > 0
}

// put replaces a child of a value, or removes it if the new one is nil.
func put(value, at, child any) any {
	switch v := value.(type) {
	case map[string]any:
		if name, ok := at.(string); ok && child == nil {
			delete(v, name)
		} else if ok {
			v[name] = child
		}
	case []any:
		if i, ok := at.(int); ok && child == nil {
			return slices.Delete(v, i, i+1)
		} else if ok {
			v[i] = child
		}
	}
	return value
}
