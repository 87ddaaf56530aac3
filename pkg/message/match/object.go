package match

import (
	"strings"
)

// Object is an object as a message names it. What the message omits is empty: a health
// check never has a group, and errors of the API server may have the Resource
// ("deployments") where others have the Kind.
type Object struct {
	Group, Version, Kind, Resource, Namespace, Name string
}

// The shapes of names, to build expressions from. A name may contain a colon and capitals, as
// those of RBAC roles do (k8s.io/apimachinery v0.36, pkg/api/validation/path).
const (
	KindShape      = `[A-Z][A-Za-z0-9]*`
	NamespaceShape = `[a-z0-9][-a-z0-9]*`
	NameShape      = `[A-Za-z0-9][-A-Za-z0-9._:]*`
	// SlashedShape is how Flux writes an object, "Kind/namespace/name" or
	// "Kind/name" (fluxcd/pkg/ssa v0.76, utils/fmt.go).
	SlashedShape = KindShape + `/(?:` + NamespaceShape + `/)?` + NameShape
)

const (
	MaxLabel = 63  // of a namespace, a kind or a resource
	MaxName  = 253 // of an object, an API group
)

var (
	kindOnly      = Wording(`^` + KindShape + `$`)
	namespaceOnly = Wording(`^` + NamespaceShape + `$`)
	nameOnly      = Wording(`^` + NameShape + `$`)
)

// IsKind reports whether the text has the form and the length of a kind.
func IsKind(text string) bool { return len(text) <= MaxLabel && kindOnly.MatchString(text) }

// IsNamespace reports whether the text has the form and the length of a namespace.
func IsNamespace(text string) bool {
	return len(text) <= MaxLabel && namespaceOnly.MatchString(text)
}

// IsName reports whether the text has the form and the length of an object's name.
func IsName(text string) bool { return len(text) <= MaxName && nameOnly.MatchString(text) }

// Slashed parses "Kind/namespace/name", or "Kind/name" for a cluster-scoped object.
func Slashed(text string) (Object, bool) {
	parts := strings.SplitN(text, "/", 4)
	if len(parts) < 2 || len(parts) > 3 || !IsKind(parts[0]) {
		return Object{}, false
	}
	object := Object{Kind: parts[0], Name: parts[len(parts)-1]}
	if len(parts) == 3 && parts[1] != "" {
		object.Namespace = parts[1]
		if !IsNamespace(parts[1]) {
			return Object{}, false
		}
	}
	return object, IsName(object.Name)
}

// Namespaced parses "namespace/name", or "name" alone.
func Namespaced(text string) (Object, bool) {
	namespace, name, both := strings.Cut(text, "/")
	if !both {
		namespace, name = "", text
	}
	ok := (namespace == "" || IsNamespace(namespace)) && IsName(name)
	if !ok {
		return Object{}, false
	}
	return Object{Namespace: namespace, Name: name}, true
}

// Qualified parses "deployments.apps" and "Deployment.apps", as the API server writes them
// (k8s.io/apimachinery v0.36, GroupResource.String, GroupKind.String).
func Qualified(text string) (Object, bool) {
	first, group, _ := strings.Cut(text, ".")
	switch {
	case group != "" && !IsName(group):
	case IsKind(first):
		return Object{Kind: first, Group: group}, true
	case IsNamespace(first):
		return Object{Resource: first, Group: group}, true
	}
	return Object{}, false
}

// GroupVersion reads "apps/v1", "v1" and, as a GroupVersionKind begins, "/v1".
func GroupVersion(text string) (group, version string) {
	group, version, both := strings.Cut(text, "/")
	if !both {
		group, version = "", text
	}
	if (group != "" && !IsName(group)) || !IsName(version) {
		return "", ""
	}
	return group, version
}
