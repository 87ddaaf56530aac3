package redact

import (
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
)

// fieldRules are fields that hold what must go in whatever kind they are: a
// pod template may be anywhere, and custom resources copy the names.
var fieldRules = map[string]func(value any, depth int) any{
	"command":              blankUnlessMap,
	"args":                 blankUnlessMap,
	"env":                  blankEnv,
	"envVars":              blankEnv,
	"extraEnv":             blankEnv,
	"extraEnvVars":         blankEnv,
	"environment":          blankEnv,
	"environmentVariables": blankEnv,
	"proxyMetadata":        blankEnv,
	"httpHeaders":          blankEnv,
	"annotations":          redactAnnotations,
	"commonAnnotations":    redactAnnotations,
	"podAnnotations":       redactAnnotations,
	"serviceAnnotations":   redactAnnotations,
	"caBundle":             blankUnlessMap, // public, but bulky
	"volumeAttributes":     blank,
	"attachmentMetadata":   blank,
	"mountOptions":         blank,
	"jwks":                 blank, // may hold symmetric keys
}

// labelMaps are fields whose keys are names that people chose.
var labelMaps = map[string]bool{
	"labels": true, "matchLabels": true, "selector": true, "nodeSelector": true, "commonLabels": true,
}

// holdsValue are the fields that hold the thing itself in a map that is named
// after a secret: password: {value: …}, or a header's match.
var holdsValue = map[string]bool{
	"value": true, "values": true, "data": true, "raw": true, "literal": true, "inline": true,
	"plaintext": true, "exact": true, "prefix": true, "regex": true,
}

// blank replaces every scalar of the value and leaves the keys.
func blank(value any, depth int) any {
	switch v := value.(type) {
	case nil:
		return nil
	case map[string]any:
		if depth >= mask.MaxDepth {
			return mask.Redacted
		}
		for key := range v {
			v[key] = blank(v[key], depth+1)
		}
		return v
	case []any:
		if depth >= mask.MaxDepth {
			return mask.Redacted
		}
		for i := range v {
			v[i] = blank(v[i], depth+1)
		}
		return v
	default:
		return mask.Redacted
	}
}

func blankUnlessMap(value any, depth int) any {
	if _, isMap := value.(map[string]any); isMap {
		return value
	}
	return blank(value, depth)
}

// blankEnv takes the values out of a list of names and values, and out of a
// map of them. A string stays: it says which environment, "env: prod".
func blankEnv(value any, depth int) any {
	switch v := value.(type) {
	case []any:
		for i, element := range v {
			if text, ok := element.(string); ok && text != "" {
				v[i] = mask.Redacted // "NAME=value", as a container engine has it
			}
			blankAt(element, depth, "value")
		}
	case map[string]any:
		for key, inner := range v {
			switch inner.(type) {
			case map[string]any, []any:
			default:
				v[key] = blank(inner, depth)
			}
		}
	}
	return value
}

// blankAt blanks what is at the path, in every element of any list on the
// way; "*" is any key.
func blankAt(value any, depth int, path ...string) {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			if _, nested := element.([]any); !nested {
				blankAt(element, depth+1, path...)
			}
		}
	case map[string]any:
		for key, inner := range v {
			switch {
			case path[0] != "*" && path[0] != key:
			case len(path) == 1:
				v[key] = blank(inner, depth+1)
			default:
				blankAt(inner, depth+1, path[1:]...)
			}
		}
	}
}

// namesSecret tells whether the map is a pair like {name: DB_PASSWORD, value: …}.
func namesSecret(m map[string]any) bool {
	if _, ok := m["value"].(string); !ok {
		return false
	}
	for _, key := range []string{"name", "key"} {
		// The name is masked too, and must then give the same answer.
		if name, ok := m[key].(string); ok && (sensitive.SensitiveKey(name) || sensitive.SensitiveKey(mask.Mask(name))) {
			return true
		}
	}
	return false
}
