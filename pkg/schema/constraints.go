package schema

import (
	"encoding/base64"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/kube-openapi/pkg/validation/strfmt"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// constraints compares a value with what a schema demands besides the type. A schema of an
// alternative (allOf, anyOf, oneOf, not) has only demands: base is the schema around it,
// which has the defaults of the fields.
func (w *walk) constraints(n, base *node, v any, at *location) {
	if len(n.enum) > 0 && !n.allows(v) {
		w.add(InvalidValue, at, "must be one of: %s", listed(n.enum))
	}
	switch v := v.(type) {
	case string:
		w.text(n, v, at)
	case int64:
		w.numeric(n, float64(v), at)
	case float64:
		w.numeric(n, v, at)
	case []any:
		w.count(len(v), n.minItems, n.maxItems, "entry", "entries", at)
	case map[string]any:
		w.count(len(v), n.minFields, n.maxFields, "field", "fields", at)
		for _, name := range n.required {
			if value, ok := field(base, v, name); !ok || value == nil && isGoType(base.properties[name]) {
				w.add(MissingField, at.field(name), "is required")
			}
		}
	}
	w.alternatives(n, base, v, at)
}

func isGoType(n *node) bool { return n != nil && n.goType }

// allows reports whether a value is one of those that are allowed. In a Go type, an empty
// text is as if the field were absent.
func (n *node) allows(v any) bool {
	if n.goType && v == "" {
		return true
	}
	return slices.ContainsFunc(n.enum, func(allowed any) bool { return reflect.DeepEqual(whole(allowed), whole(v)) })
}

// whole makes whole numbers float64, as JSON has them.
func whole(v any) any {
	if n, ok := number(v).(int64); ok {
		return float64(n)
	}
	return v
}

// text compares a string with its length, pattern and format.
func (w *walk) text(n *node, v string, at *location) {
	if n.minLength != nil || n.maxLength != nil {
		w.count(utf8.RuneCountInString(v), n.minLength, n.maxLength, "character", "characters", at)
	}
	if n.pattern != nil && !n.pattern.MatchString(v) {
		w.add(InvalidValue, at, "must match the pattern %s", n.pattern)
	}
	if valid, name := n.formatted(v); !valid {
		w.add(InvalidValue, at, "must be %s", name)
	}
}

// formatted reports whether a text has the format of its schema, and what that is.
func (n *node) formatted(v string) (valid bool, name string) {
	if n.goType {
		return n.decodes(v)
	}
	if n.typ != "string" && n.typ != "" || !enforced[strings.ReplaceAll(n.format, "-", "")] {
		return true, ""
	}
	return strfmt.Default.Validates(n.format, v), "in the format " + n.format
}

// enforced are the formats that API servers enforce in custom resources
// (apiextensions-apiserver v0.36, pkg/apiserver/validation/formats.go, since Kubernetes 1.0);
// others are ignored.
var enforced = map[string]bool{
	"bsonobjectid": true, "uri": true, "email": true, "hostname": true, "ipv4": true, "ipv6": true, "cidr": true, "mac": true,
	"uuid": true, "uuid3": true, "uuid4": true, "uuid5": true, "isbn": true, "isbn10": true, "isbn13": true, "creditcard": true,
	"ssn": true, "hexcolor": true, "rgbcolor": true, "byte": true, "password": true, "date": true, "duration": true, "datetime": true,
}

// decodes reports whether a text can be decoded into the Go type of its field, and what that
// expects.
func (n *node) decodes(v string) (valid bool, name string) {
	var err error
	switch n.format {
	case "quantity":
		_, err = resource.ParseQuantity(strings.TrimSpace(v))
		return err == nil, `a quantity, such as 500m, "2" or 512Mi`
	case "byte":
		_, err = base64.StdEncoding.DecodeString(v)
		return err == nil, "encoded in base64"
	case "date-time":
		_, err = time.Parse(time.RFC3339, v)
		return err == nil || v == "", "a time as in RFC 3339, such as 2026-01-31T12:00:00Z"
	}
	return true, ""
}

// numeric compares a number with its limits.
func (w *walk) numeric(n *node, v float64, at *location) {
	if (n.format == "int32" && n.typ == "integer" || n.goType && n.intOrString) && (v < math.MinInt32 || v > math.MaxInt32) {
		w.add(InvalidValue, at, "must be a number of 32 bits")
	}
	switch m := n.minimum; {
	case m != nil && n.openMin && v <= *m:
		w.add(InvalidValue, at, "must be greater than %v", *m)
	case m != nil && v < *m:
		w.add(InvalidValue, at, "must be at least %v", *m)
	}
	switch m := n.maximum; {
	case m != nil && n.openMax && v >= *m:
		w.add(InvalidValue, at, "must be less than %v", *m)
	case m != nil && v > *m:
		w.add(InvalidValue, at, "must be at most %v", *m)
	}
	if m := n.multipleOf; m != nil && *m > 0 {
		if quotient := v / *m; quotient != math.Trunc(quotient) {
			w.add(InvalidValue, at, "must be a multiple of %v", *m)
		}
	}
}

// count compares a number of entries, fields or characters with its limits.
func (w *walk) count(n int, least, most *int64, one, many string, at *location) {
	name := func(limit int64) string {
		if limit == 1 {
			return one
		}
		return many
	}
	if least != nil && int64(n) < *least {
		w.add(InvalidValue, at, "must have at least %d %s", *least, name(*least))
	}
	if most != nil && int64(n) > *most {
		w.add(InvalidValue, at, "must have at most %d %s", *most, name(*most))
	}
}

// alternatives compares a value with the schemas that are combined.
func (w *walk) alternatives(n, base *node, v any, at *location) {
	for _, all := range n.allOf {
		w.nested(all, base, v, at)
	}
	if len(n.anyOf) > 0 && len(w.matching(n.anyOf, base, v, at)) == 0 {
		w.none(n.anyOf, base, v, at)
	}
	if len(n.oneOf) > 0 {
		switch matching := w.matching(n.oneOf, base, v, at); len(matching) {
		case 0:
			w.none(n.oneOf, base, v, at)
		case 1:
		default:
			w.several(matching, at)
		}
	}
	if n.not != nil && w.matches(n.not, base, v, at) {
		w.excluded(n.not, at)
	}
}

// excluded reports that a value matches a schema that it must not match.
func (w *walk) excluded(n *node, at *location) {
	switch names := fieldsOf([]*node{n}); {
	case names != nil:
		w.add(InvalidValue, at, "must not have the field %s", strings.Join(names, " and "))
	case len(n.enum) > 0:
		w.add(InvalidValue, at, "must not be one of: %s", listed(n.enum))
	default:
		w.add(InvalidValue, at, "has a combination of values that its schema excludes")
	}
}

// nested compares a value with the schema of an alternative.
func (w *walk) nested(n, base *node, v any, at *location) {
	if !w.step(at) {
		return
	}
	v = number(v)
	if v == nil || base == nil || n.typ != "" && !w.typed(n, v, at) {
		return
	}
	w.constraints(n, base, v, at)
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(n.properties)) {
			if value, ok := field(base, v, name); ok {
				w.nested(n.properties[name], base.below(name), value, at.field(name))
			}
		}
		if n.values != nil {
			for _, name := range slices.Sorted(maps.Keys(v)) {
				if n.properties[name] == nil {
					w.nested(n.values, base.below(name), v[name], at.field(name))
				}
			}
		}
	case []any:
		for i, entry := range v {
			if n.items != nil && base.items != nil {
				w.nested(n.items, base.items, entry, at.entry(i))
			}
		}
	}
}

// below is the schema of a field; one that demands nothing if the field has none.
func (n *node) below(name string) *node {
	switch {
	case n.properties[name] != nil:
		return n.properties[name]
	case n.values != nil:
		return n.values
	}
	return &node{open: true}
}

// matches reports whether a value violates nothing of an alternative.
func (w *walk) matches(n, base *node, v any, at *location) bool {
	trial := walk{budget: w.budget}
	trial.nested(n, base, v, at)
	return len(trial.problems) == 0
}

// matching are the alternatives that a value matches.
func (w *walk) matching(alternatives []*node, base *node, v any, at *location) []*node {
	var matching []*node
	for _, n := range alternatives {
		if w.matches(n, base, v, at) {
			matching = append(matching, n)
		}
	}
	return matching
}

// none reports that a value matches no alternative: the fields of which one is required, or
// the problems of the alternative with the fewest.
func (w *walk) none(alternatives []*node, base *node, v any, at *location) {
	if names := fieldsOf(alternatives); names != nil {
		w.add(MissingField, at, "requires one of the fields %s", strings.Join(names, ", "))
		return
	}
	var fewest []Problem
	for _, n := range alternatives {
		trial := walk{budget: w.budget}
		trial.nested(n, base, v, at)
		if len(trial.problems) > 0 && (fewest == nil || len(trial.problems) < len(fewest)) {
			fewest = trial.problems
		}
	}
	w.add(InvalidValue, at, "matches none of the %s that its schema allows", finding.Count(len(alternatives), "alternative"))
	w.problems = append(w.problems, fewest[:min(len(fewest), maxProblems-len(w.problems))]...)
}

// several reports that a value matches more than one alternative of which only one is
// allowed.
func (w *walk) several(matching []*node, at *location) {
	if names := fieldsOf(matching); names != nil {
		w.add(InvalidValue, at, "must have only one of the fields %s", strings.Join(names, ", "))
		return
	}
	w.add(InvalidValue, at, "matches %d alternatives of which its schema allows only one", len(matching))
}

// fieldsOf are the fields that alternatives require, nil if one of them demands more than
// fields. An alternative for the absence of all others, as Istio has, is not counted.
func fieldsOf(alternatives []*node) []string {
	var names []string
	for _, n := range alternatives {
		if n.not != nil && len(n.required) == 0 {
			continue
		}
		if len(n.required) == 0 || len(n.properties) > 0 || n.anyOf != nil || n.oneOf != nil || n.allOf != nil || n.not != nil {
			return nil
		}
		names = append(names, n.required...)
	}
	return names
}

// listed are allowed values in a sentence.
func listed(values []any) string {
	texts := make([]string, 0, len(values))
	for _, v := range values {
		if text, ok := v.(string); ok && text != "" {
			texts = append(texts, text)
			continue
		}
		texts = append(texts, fmt.Sprintf("%#v", v))
	}
	return strings.Join(texts, ", ")
}
