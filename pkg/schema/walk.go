package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/similar"
)

const (
	// maxProblems of one object are returned.
	maxProblems = 100
	// maxSteps is how many values are compared with how many schemas in one object. With the
	// embedded schemas, an object takes less than 0.4 steps for each byte of its JSON.
	maxSteps = 2_000_000
	// maxLevels limits the nesting of schemas of schemas, which are recursive.
	maxLevels = 1_000
)

// location is a field of the object that is validated.
type location struct {
	parent *location
	key    string
	// index of the entry, if key is empty.
	index int
	level int
}

func (l *location) field(key string) *location {
	return &location{parent: l, key: key, level: l.depth() + 1}
}

func (l *location) entry(index int) *location {
	return &location{parent: l, index: index, level: l.depth() + 1}
}

func (l *location) depth() int {
	if l == nil {
		return 0
	}
	return l.level
}

// path writes a location as object.Read reads it.
func (l *location) path() string {
	if l == nil {
		return ""
	}
	above := l.parent.path()
	switch {
	case l.key == "":
		return above + "[" + strconv.Itoa(l.index) + "]"
	case strings.ContainsAny(l.key, ".[]/\"'"):
		return above + "[" + l.key + "]"
	case above == "":
		return l.key
	}
	return above + "." + l.key
}

// walk validates one object.
type walk struct {
	problems []Problem
	// budget is the number of steps that are left; it is shared with the walks of
	// alternatives.
	budget *int
}

func (w *walk) add(rule Rule, at *location, format string, args ...any) {
	if len(w.problems) < maxProblems {
		w.problems = append(w.problems, Problem{rule, at.path(), fmt.Sprintf(format, args...)})
	}
}

// step counts a comparison, and is false if the walk must end.
func (w *walk) step(at *location) bool {
	if *w.budget--; at.depth() > maxLevels {
		*w.budget = 0
	}
	return *w.budget > 0 && len(w.problems) < maxProblems
}

// value compares a value with its schema, and everything below it.
func (w *walk) value(n *node, v any, at *location) {
	if !w.step(at) {
		return
	}
	v = number(v)
	if v == nil {
		if n.typ != "" && !n.goType && !n.nullable && n.byDefault == nil {
			w.add(WrongType, at, "must be of type %s, not null", n.typ)
		}
		return
	}
	if !w.typed(n, v, at) {
		return
	}
	w.constraints(n, n, v, at)
	switch v := v.(type) {
	case map[string]any:
		w.fields(n, v, at)
	case []any:
		for i, entry := range v {
			if n.items != nil {
				w.value(n.items, entry, at.entry(i))
			}
		}
		w.duplicates(n, v, at)
	}
}

// fields compares the fields of a map with their schemas.
func (w *walk) fields(n *node, fields map[string]any, at *location) {
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		switch below := n.properties[key]; {
		case below != nil:
			w.value(below, fields[key], at.field(key))
		case n.values != nil:
			w.value(n.values, fields[key], at.field(key))
		case !n.open:
			w.unknown(n, fields, at.field(key))
		}
	}
}

// unknown reports an unknown field, and a similar one that is not set.
func (w *walk) unknown(n *node, fields map[string]any, at *location) {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(n.properties)) {
		if _, set := fields[name]; !set {
			names = append(names, name)
		}
	}
	if nearest := similar.Nearest(at.key, names); nearest != "" {
		w.add(UnknownField, at, "is an unknown field; a similar field is %s", nearest)
		return
	}
	w.add(UnknownField, at, "is an unknown field")
}

// typed reports whether a value has the type of its schema.
func (w *walk) typed(n *node, v any, at *location) bool {
	actual := typeOf(v)
	expected := n.typ
	if n.intOrString {
		if actual == "integer" || actual == "string" {
			return true
		}
		expected = "integer or string"
	}
	switch {
	case expected == "", expected == actual, expected == "number" && actual == "integer":
		return true
	case n.goType && n.format == "quantity" && (actual == "integer" || actual == "number"):
		return true
	}
	w.add(WrongType, at, "must be of type %s, not %s", expected, actual)
	return false
}

// typeOf is the type of a value that number returned.
func typeOf(v any) string {
	switch v := v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case int64:
		return "integer"
	case float64:
		if v == math.Trunc(v) {
			return "integer"
		}
		return "number"
	}
	return fmt.Sprintf("%T", v)
}

// number makes all numbers int64 or float64, as parsers of JSON and YAML return different
// types.
func number(v any) any {
	switch v := v.(type) {
	case json.Number:
		if whole, err := v.Int64(); err == nil {
			return whole
		}
		fraction, _ := v.Float64()
		return fraction
	case int:
		return int64(v)
	case int32:
		return int64(v)
	case uint64:
		return float64(v)
	case float32:
		return float64(v)
	}
	return v
}

// duplicates reports entries of a list that must differ and do not.
func (w *walk) duplicates(n *node, entries []any, at *location) {
	if !n.isSet && len(n.keys) == 0 || len(entries) < 2 {
		return
	}
	first := make(map[string]int, len(entries))
	for i, entry := range entries {
		key, ok := n.keyOf(entry)
		if !ok || !w.step(at) {
			continue
		}
		before, duplicate := first[key]
		switch {
		case !duplicate:
			first[key] = i
		case n.isSet:
			w.add(DuplicateEntry, at.entry(i), "is the same as entry %d", before)
		default:
			w.add(DuplicateEntry, at.entry(i), "has the same %s as entry %d", strings.Join(n.keys, " and "), before)
		}
	}
}

// keyOf is what distinguishes an entry of a list from the others. It is false if the entry
// does not have it.
func (n *node) keyOf(entry any) (string, bool) {
	if n.isSet {
		return scalarKey(entry)
	}
	fields, ok := entry.(map[string]any)
	if !ok || n.items == nil {
		return "", false
	}
	var key strings.Builder
	for _, name := range n.keys {
		value, ok := field(n.items, fields, name)
		text, scalar := scalarKey(value)
		if !ok || !scalar {
			return "", false
		}
		key.WriteString(text)
	}
	return key.String(), true
}

func scalarKey(value any) (string, bool) {
	switch v := number(value).(type) {
	case string, bool, int64, float64:
		return fmt.Sprintf("%T %q ", v, fmt.Sprint(v)), true
	}
	return "", false
}

// field is the value of a field, or its default. It is false if there is neither. Where the
// API server decodes Go types, null is no value.
func field(n *node, fields map[string]any, name string) (any, bool) {
	value, ok := fields[name]
	below := n.properties[name]
	if below == nil || ok && (value != nil || below.nullable) {
		return value, ok
	}
	if below.byDefault != nil {
		return below.byDefault, true
	}
	return value, ok && !below.goType
}
