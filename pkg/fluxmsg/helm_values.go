package fluxmsg

import (
	"strings"
)

// ValuesReference is an entry of spec.valuesFrom of a HelmRelease that could not be
// used.
type ValuesReference struct {
	// Object is the Secret or ConfigMap.
	Object Object
	Key    string
	// Missing is set if the object does not exist, MissingKey if it does not have the
	// key.
	Missing, MissingKey bool
	Detail              string
}

const valuesObject = `(?P<kind>Secret|ConfigMap) (?:chart values reference )?'(?P<object>` + namespaceShape + `/` + nameShape + `)'`

var (
	// fluxcd/pkg/chartutil v1.27, values.go, ErrValuesReference.
	valuesUnresolved = wording(`(?s)^could not resolve (?:optional )?` + valuesObject + `(?: with key '(?P<key>[^'\n]+)')?: (?P<why>.*)$`)
	// helm-controller 0.36 and older.
	valuesMissing = wording(`^could not find ` + valuesObject)
	valuesNoKey   = wording(`^missing key '(?P<key>[^'\n]+)' in ` + valuesObject)
	valuesBad     = wording(`(?s)^unable to (?:merge value|read values) from key '(?P<key>[^'\n]+)' in ` + valuesObject + `(?P<why>.*)$`)
)

func parseValues(text string) (ValuesReference, bool) {
	for _, expression := range []*pattern{valuesUnresolved, valuesMissing, valuesNoKey, valuesBad} {
		found := groups(expression, text)
		if found == nil {
			continue
		}
		object, ok := namespaced(found["object"])
		object.Kind = found["kind"]
		values := ValuesReference{Object: object, Key: word(found["key"]), Detail: detail(strings.TrimPrefix(found["why"], ": "))}
		switch expression {
		case valuesMissing:
			values.Missing = true
		case valuesNoKey:
			values.MissingKey = true
		case valuesUnresolved:
			values.MissingKey = strings.Contains(found["why"], "key not found")
			values.Missing = !values.MissingKey && strings.HasSuffix(strings.TrimSpace(found["why"]), "not found")
		}
		return values, ok
	}
	return ValuesReference{}, false
}
