package redact

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
)

// fieldRules remove secrets from fields by their names, in any kind: a pod template may be
// anywhere, and custom resources copy the names.
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

// labelMaps are fields whose keys are names that users chose.
var labelMaps = map[string]bool{
	"labels": true, "matchLabels": true, "selector": true, "nodeSelector": true, "commonLabels": true,
}

// holdsValue are the fields that contain the value in a map that is named after a secret:
// password: {value: …}, or a header's match.
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

// blankEnv removes the values from a list of names and values, and from a map of them. A
// string stays: it names the environment, "env: prod".
func blankEnv(value any, depth int) any {
	switch v := value.(type) {
	case []any:
		for i, element := range v {
			if text, ok := element.(string); ok && text != "" {
				v[i] = mask.Redacted // "NAME=value", as container engines write it
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

// blankAt blanks the value at the path, in every element of the lists on the path; "*" is any
// key.
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

// namesSecret reports whether the map is a pair like {name: DB_PASSWORD, value: …}.
func namesSecret(m map[string]any) bool {
	if _, ok := m["value"].(string); !ok {
		return false
	}
	for _, key := range []string{"name", "key"} {
		// The name is masked too, and must give the same result after that.
		if name, ok := m[key].(string); ok && (sensitive.Key(name) || sensitive.Key(mask.Mask(name))) {
			return true
		}
	}
	return false
}

// lastApplied is the annotation in which kubectl keeps a copy of the whole object.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// keptAnnotations are the domains of annotations whose values are written by known software
// in a known form. All other values are removed: users and tools put tokens into annotations.
var keptAnnotations = map[string]bool{
	"kustomize.toolkit.fluxcd.io":             true,
	"helm.toolkit.fluxcd.io":                  true,
	"source.toolkit.fluxcd.io":                true,
	"event.toolkit.fluxcd.io":                 true,
	"reconcile.fluxcd.io":                     true,
	"fluxcd.io":                               true,
	"meta.helm.sh":                            true,
	"helm.sh":                                 true,
	"cert-manager.io":                         true,
	"acme.cert-manager.io":                    true,
	"app.kubernetes.io":                       true,
	"kubernetes.io":                           true,
	"deployment.kubernetes.io":                true,
	"batch.kubernetes.io":                     true,
	"endpoints.kubernetes.io":                 true,
	"node.kubernetes.io":                      true,
	"node.alpha.kubernetes.io":                true,
	"pv.kubernetes.io":                        true,
	"volume.kubernetes.io":                    true,
	"volume.beta.kubernetes.io":               true,
	"storageclass.kubernetes.io":              true,
	"storageclass.beta.kubernetes.io":         true,
	"service.kubernetes.io":                   true,
	"service.beta.kubernetes.io":              true,
	"service.alpha.kubernetes.io":             true,
	"control-plane.alpha.kubernetes.io":       true,
	"networking.gke.io":                       true,
	"metallb.io":                              true,
	"metallb.universe.tf":                     true,
	"istio.io":                                true,
	"networking.istio.io":                     true,
	"ambient.istio.io":                        true,
	"kubectl.kubernetes.io/restartedAt":       true,
	"kubectl.kubernetes.io/default-container": true,
	"sidecar.istio.io/inject":                 true,
	"sidecar.istio.io/rewriteAppHTTPProbers":  true,
}

func keepAnnotation(key string) bool {
	domain, _, hasDomain := strings.Cut(key, "/")
	return hasDomain && keptAnnotations[domain] || keptAnnotations[key]
}

// isDescription reports whether the annotation's value is text for people, which may contain
// anything. A list of words is not.
func isDescription(key, text string) bool {
	if descriptions.MatchEnd(key) {
		return true
	}
	return strings.ContainsAny(strings.ReplaceAll(text, ", ", ","), " \t\n{")
}

var descriptions = sensitive.NewWords("description", "comment", "comments", "note", "notes", "message", "changecause")

// redactAnnotations replaces the values that are not known to be harmless;
// the walk masks those that stay.
func redactAnnotations(value any, depth int) any {
	annotations, ok := value.(map[string]any)
	if !ok {
		return blank(value, depth)
	}
	delete(annotations, lastApplied)
	for key, content := range annotations {
		if text, isText := content.(string); !isText || !keepAnnotation(key) || isDescription(key, text) {
			annotations[key] = blank(content, depth)
		}
	}
	return annotations
}
