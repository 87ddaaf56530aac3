package redact

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
)

// lastApplied is the whole object once more, as kubectl keeps it.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// keptAnnotations are the domains of annotations whose values are written by
// known software in a known form. All other values go: people and tools put
// tokens into annotations.
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

// isDescription tells whether the annotation's value is text for people, which may
// say anything. Lists of words are none.
func isDescription(key, text string) bool {
	var buffer [sensitive.MaxKeyLength]byte
	if sensitive.HasAnySuffix(sensitive.Squeeze(buffer[:0], key), descriptions) {
		return true
	}
	return strings.ContainsAny(strings.ReplaceAll(text, ", ", ","), " \t\n{")
}

var descriptions = sensitive.Words("description", "comment", "comments", "note", "notes", "message", "changecause")

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
