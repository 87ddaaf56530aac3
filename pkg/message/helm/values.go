package helm

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// ValuesReference is an entry of spec.valuesFrom of a HelmRelease that could not be
// used.
type ValuesReference struct {
	// Object is the Secret or ConfigMap.
	Object match.Object
	Key    string
	// Missing is set if the object does not exist, MissingKey if it does not have the
	// key.
	Missing, MissingKey bool
	Detail              string
}

const valuesObject = `(?P<kind>Secret|ConfigMap) (?:chart values reference )?'(?P<object>` + match.NamespaceShape + `/` + match.NameShape + `)'`

var (
	// fluxcd/pkg/chartutil v1.27, values.go, ErrValuesReference.
	valuesUnresolved = match.Wording(`(?s)^could not resolve (?:optional )?` + valuesObject + `(?: with key '(?P<key>[^'\n]+)')?: (?P<why>.*)$`)
	// helm-controller 0.36 and older.
	valuesMissing = match.Wording(`^could not find ` + valuesObject)
	valuesNoKey   = match.Wording(`^missing key '(?P<key>[^'\n]+)' in ` + valuesObject)
	valuesBad     = match.Wording(`(?s)^unable to (?:merge value|read values) from key '(?P<key>[^'\n]+)' in ` + valuesObject + `(?P<why>.*)$`)
)

func parseValues(text string) (ValuesReference, bool) {
	for _, expression := range []*match.Pattern{valuesUnresolved, valuesMissing, valuesNoKey, valuesBad} {
		found := match.Groups(expression, text)
		if found == nil {
			continue
		}
		object, ok := match.Namespaced(found["object"])
		object.Kind = found["kind"]
		values := ValuesReference{Object: object, Key: match.Word(found["key"]), Detail: match.Detail(strings.TrimPrefix(found["why"], ": "))}
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
