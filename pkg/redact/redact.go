// Package redact removes secrets from objects, by the kind of the object and the
// name of the field. Text in them is masked by package mask. It does not depend on
// snapshots.
package redact

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
)

// Redact removes from the object, in place, all that may be a secret, and keeps the facts
// that reasoning needs: names, references, images, ports, hosts, labels, conditions. Keys
// stay, so that users see which fields were set. Redacting twice is the same as redacting
// once.
//
// It uses rules for known kinds (kinds.go) and for names of fields in all kinds (fields.go,
// package sensitive), and masks every other string with mask.Mask. In a kind that is not
// known, no free text stays (unknown.go). It accepts objects of any structure.
func Redact(obj *unstructured.Unstructured) {
	if obj == nil || obj.Object == nil {
		return
	}
	redactMap(obj.Object, place{depth: 1})
}

// place is the position of the walk in an object.
type place struct {
	depth int
	// sensitive: the key that led here names a secret.
	sensitive bool
	// labels: the keys are names that users chose, not fields of an API.
	labels bool
}

func (p place) under(key string) place {
	return place{
		depth:     p.depth + 1,
		sensitive: sensitive.Key(key) || p.sensitive && holdsValue[key],
		labels:    labelMaps[key],
	}
}

func redactMap(m map[string]any, at place) {
	delete(m, "managedFields")
	if storesSecrets(m, at) {
		redactStore(m, at.depth)
		// The remaining data are certificates, which must not change.
		if metadata, ok := m["metadata"]; ok {
			m["metadata"] = redactValue(metadata, at.under("metadata"))
		}
		return
	}
	if at.depth == 1 || m["metadata"] != nil {
		if !at.labels && isUnknown(m) {
			redactUnknown(m, at.depth)
			return
		}
	}
	redactKind(m, at.depth)
	if namesSecret(m) {
		m["value"] = mask.Redacted
	}
	for key, value := range m {
		m[key] = redactField(key, value, at)
	}
}

func redactField(key string, value any, at place) any {
	child := at.under(key)
	if !at.labels {
		if child.sensitive && sensitive.HoldsMap(key) {
			return blank(value, child.depth)
		}
		if rule := fieldRules[key]; rule != nil {
			value = rule(value, child.depth)
		}
	}
	return redactValue(value, child)
}

func redactValue(value any, at place) any {
	switch v := value.(type) {
	case string:
		if at.sensitive {
			return mask.Redacted
		}
		if masked := mask.Mask(v); masked != v {
			return masked
		}
		return value // objects share it
	case map[string]any:
		if at.depth >= mask.MaxDepth {
			return mask.Redacted
		}
		redactMap(v, at)
		return v
	case []any:
		element := at
		element.depth++
		return redactList(v, element.depth, func(inner any) any { return redactValue(inner, element) })
	case nil, bool:
		return v
	case int64, float64, int, int32:
		if at.sensitive {
			return mask.Redacted
		}
		return v
	default:
		// No JSON decoder returns such a value, and it can't be examined.
		return mask.Redacted
	}
}

// redactList redacts each element of a list, whose elements are at a depth. An element that
// is too deep is replaced as a whole.
func redactList(list []any, depth int, redact func(any) any) any {
	if depth > mask.MaxDepth {
		return mask.Redacted
	}
	for i := range list {
		list[i] = redact(list[i])
	}
	return list
}
