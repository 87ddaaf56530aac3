package snapshot

import (
	"hash/maphash"
	"reflect"
)

// The objects of many tenants are mostly equal: they are applied from the same manifests, and
// their maps take more memory than their texts. Nothing changes an object that is in a snapshot, so
// equal parts of objects can be one.

// sharing replaces equal parts of objects by one of them.
type sharing struct {
	seed  maphash.Seed
	parts map[uint64]any
}

func newSharing() *sharing { return &sharing{maphash.MakeSeed(), map[uint64]any{}} }

// object shares the parts of an object. The object itself and its metadata are unique.
func (s *sharing) object(obj map[string]any) {
	for key, value := range obj {
		if fields, ok := value.(map[string]any); ok && key == "metadata" {
			for name, field := range fields {
				fields[name] = s.part(field)
			}
			continue
		}
		obj[key] = s.part(value)
	}
}

// part is the known part that is equal to the value, or the value, which is known then. Its own
// parts are shared first, so that two parts are equal if they have the same ones.
func (s *sharing) part(value any) any {
	var sum uint64
	switch v := value.(type) {
	case map[string]any:
		for key, field := range v {
			field = s.part(field)
			v[key] = field
			sum += mix(maphash.String(s.seed, key), s.hash(field)) // in any order
		}
		sum = mix(sum, uint64(len(v)))
	case []any:
		for i, element := range v {
			v[i] = s.part(element)
			sum = mix(sum, s.hash(v[i]))
		}
		sum = mix(sum, ^uint64(len(v)))
	default:
		return value
	}
	known, ok := s.parts[sum]
	switch {
	case !ok:
		s.parts[sum] = value
	case sameParts(known, value):
		return known
	}
	return value
}

// hash is that of a text or number, or of the identity of a part.
func (s *sharing) hash(value any) uint64 {
	switch v := value.(type) {
	case map[string]any:
		return uint64(reflect.ValueOf(v).Pointer())
	case []any:
		return uint64(reflect.ValueOf(v).Pointer())*31 + uint64(len(v))
	case string:
		return maphash.String(s.seed, v)
	}
	return maphash.Comparable(s.seed, value)
}

// mix combines two hashes, in this order.
func mix(a, b uint64) uint64 {
	a = (a ^ b>>29) * 0x9e3779b97f4a7c15
	return (a ^ a>>32) + b*0xbf58476d1ce4e5b9
}

// sameParts reports whether two maps or lists have identical parts.
func sameParts(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key, value := range a {
			if other, ok := b[key]; !ok || !identical(value, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) || (a == nil) != (b == nil) {
			return false
		}
		for i := range a {
			if !identical(a[i], b[i]) {
				return false
			}
		}
		return true
	}
	return false
}

// identical reports whether both are the same map or list, or equal texts or numbers.
func identical(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		return ok && reflect.ValueOf(x).Pointer() == reflect.ValueOf(y).Pointer()
	case []any:
		y, ok := b.([]any)
		return ok && (x == nil) == (y == nil) && len(x) == len(y) && (len(x) == 0 || &x[0] == &y[0])
	}
	switch b.(type) {
	case map[string]any, []any:
		return false
	}
	return a == b
}

// reuse is the value with the parts of an earlier one that are equal: of an object that changes,
// most stay the same, and are shared with other objects.
func reuse(earlier, value any) any {
	switch v := value.(type) {
	case map[string]any:
		before, ok := earlier.(map[string]any)
		if !ok {
			return value
		}
		for key, field := range v {
			if old, known := before[key]; known {
				v[key] = reuse(old, field)
			}
		}
		if sameParts(before, v) {
			return before
		}
	case []any:
		before, ok := earlier.([]any)
		if !ok {
			return value
		}
		for i := range min(len(v), len(before)) {
			v[i] = reuse(before[i], v[i])
		}
		if sameParts(before, v) {
			return before
		}
	case string:
		if earlier == value {
			return earlier // one allocation less
		}
	}
	return value
}
