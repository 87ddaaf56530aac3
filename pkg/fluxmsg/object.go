package fluxmsg

import (
	"strings"
)

// Object is an object as a message names it. What the message omits is empty: a health
// check never has a group, and errors of the API server may have the Resource
// ("deployments") where others have the Kind.
type Object struct {
	Group, Version, Kind, Resource, Namespace, Name string
}

// The shapes of names, to build expressions from. A name may hold a colon and
// capitals, as those of RBAC roles do (k8s.io/apimachinery v0.36,
// pkg/api/validation/path).
const (
	kindShape      = `[A-Z][A-Za-z0-9]*`
	namespaceShape = `[a-z0-9][-a-z0-9]*`
	nameShape      = `[A-Za-z0-9][-A-Za-z0-9._:]*`
	// slashedShape is how Flux writes an object, "Kind/namespace/name" or
	// "Kind/name" (fluxcd/pkg/ssa v0.76, utils/fmt.go).
	slashedShape = kindShape + `/(?:` + namespaceShape + `/)?` + nameShape
)

const (
	maxLabel = 63  // of a namespace, a kind or a resource
	maxName  = 253 // of an object, an API group
)

var (
	kindOnly      = wording(`^` + kindShape + `$`)
	namespaceOnly = wording(`^` + namespaceShape + `$`)
	nameOnly      = wording(`^` + nameShape + `$`)
)

func isKind(text string) bool { return len(text) <= maxLabel && kindOnly.MatchString(text) }

func isNamespace(text string) bool {
	return len(text) <= maxLabel && namespaceOnly.MatchString(text)
}

func isName(text string) bool { return len(text) <= maxName && nameOnly.MatchString(text) }

// slashed parses "Kind/namespace/name", or "Kind/name" for a cluster-scoped object.
func slashed(text string) (Object, bool) {
	parts := strings.SplitN(text, "/", 4)
	if len(parts) < 2 || len(parts) > 3 || !isKind(parts[0]) {
		return Object{}, false
	}
	object := Object{Kind: parts[0], Name: parts[len(parts)-1]}
	if len(parts) == 3 && parts[1] != "" {
		object.Namespace = parts[1]
		if !isNamespace(parts[1]) {
			return Object{}, false
		}
	}
	return object, isName(object.Name)
}

// namespaced parses "namespace/name", or "name" alone.
func namespaced(text string) (Object, bool) {
	namespace, name, both := strings.Cut(text, "/")
	if !both {
		namespace, name = "", text
	}
	ok := (namespace == "" || isNamespace(namespace)) && isName(name)
	if !ok {
		return Object{}, false
	}
	return Object{Namespace: namespace, Name: name}, true
}

// qualified reads "deployments.apps" and "Deployment.apps", the API server's
// way (k8s.io/apimachinery v0.36, GroupResource.String, GroupKind.String).
func qualified(text string) (Object, bool) {
	first, group, _ := strings.Cut(text, ".")
	switch {
	case group != "" && !isName(group):
	case isKind(first):
		return Object{Kind: first, Group: group}, true
	case isNamespace(first):
		return Object{Resource: first, Group: group}, true
	}
	return Object{}, false
}

// groupVersion reads "apps/v1", "v1" and, as a GroupVersionKind begins, "/v1".
func groupVersion(text string) (group, version string) {
	group, version, both := strings.Cut(text, "/")
	if !both {
		group, version = "", text
	}
	if (group != "" && !isName(group)) || !isName(version) {
		return "", ""
	}
	return group, version
}
