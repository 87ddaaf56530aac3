// Package lifecycle knows which versions of Kubernetes' own kinds are deprecated, since when
// they are no longer served, and what replaces them; and the same of well-known labels and
// annotations. Most of it comes from the lifecycle methods of k8s.io/api, the rest from the
// guide for migration from deprecated APIs
// (https://kubernetes.io/docs/reference/using-api/deprecation-guide/).
package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/version"
)

// API is a version of a kind that is deprecated in some version of Kubernetes.
type API struct {
	Kind schema.GroupVersionKind
	// Deprecated and Removed are the first versions of Kubernetes in which it is deprecated,
	// and no longer served: "1.22". Removed is empty if no version is planned; later
	// versions than that of k8s.io/api (1.36) are a plan.
	Deprecated, Removed string
	// Replacement is the kind to use instead, empty if there is none. In the answers of Lookup
	// and Table it may be one that is also removed later.
	Replacement schema.GroupVersionKind
	// Changes is what to change besides apiVersion, as sentences; empty if nothing.
	Changes string
}

// The interfaces of the types of k8s.io/api.
type (
	deprecated interface{ APILifecycleDeprecated() (major, minor int) }
	removed    interface{ APILifecycleRemoved() (major, minor int) }
	replaced   interface {
		APILifecycleReplacement() schema.GroupVersionKind
	}
)

// Lookup returns the lifecycle of a kind. It is false for a kind that is not deprecated in any
// version, and for one that is not Kubernetes' own. Alpha versions that k8s.io/api no longer has
// are not known.
func Lookup(kind schema.GroupVersionKind) (API, bool) {
	api, ok := table()[kind]
	return api, ok
}

// Removed returns the lifecycle of a kind that a version of Kubernetes ("v1.29.3",
// "1.29+") no longer serves, with a replacement that it serves. It is false if the kind is
// served, or not known; the error is that of a version that can't be read.
func Removed(kind schema.GroupVersionKind, kubernetes string) (API, bool, error) {
	api, ok := Lookup(kind)
	if !ok || api.Removed == "" {
		return API{}, false, nil
	}
	reached, err := atLeast(kubernetes, api.Removed)
	if err != nil || !reached {
		return API{}, false, err
	}
	if next, gone, _ := Removed(api.Replacement, kubernetes); gone {
		api.Replacement = next.Replacement
	}
	return api, true, nil
}

// Deprecated returns the lifecycle of a kind that a version of Kubernetes serves, and that is
// deprecated there.
func Deprecated(kind schema.GroupVersionKind, kubernetes string) (API, bool, error) {
	api, ok := Lookup(kind)
	if !ok {
		return API{}, false, nil
	}
	reached, err := atLeast(kubernetes, api.Deprecated)
	if err != nil || !reached {
		return API{}, false, err
	}
	_, gone, err := Removed(kind, kubernetes)
	if err != nil || gone {
		return API{}, false, err
	}
	return api, true, nil
}

// Table returns all deprecated kinds, in the order of group, version and kind.
func Table() []API {
	var apis []API
	for _, api := range table() {
		apis = append(apis, api)
	}
	slices.SortFunc(apis, func(a, b API) int { return strings.Compare(a.Kind.String(), b.Kind.String()) })
	return apis
}

// atLeast reports whether a version of Kubernetes is another one or later.
func atLeast(kubernetes, other string) (bool, error) {
	v, err := version.ParseGeneric(kubernetes)
	if err != nil {
		return false, fmt.Errorf("read the Kubernetes version: %w", err)
	}
	return v.AtLeast(version.MustParseGeneric(other)), nil
}

// table joins the types of k8s.io/api and the rows of this package.
var table = sync.OnceValue(func() map[schema.GroupVersionKind]API {
	apis := map[schema.GroupVersionKind]API{}
	scheme := runtime.NewScheme()
	for _, add := range groups {
		if err := add(scheme); err != nil {
			panic(fmt.Sprintf("register the types of k8s.io/api: %v", err)) // a test calls it
		}
	}
	for kind := range scheme.AllKnownTypes() {
		if api, ok := fromType(scheme, kind); ok {
			apis[kind] = api
		}
	}
	for _, api := range rows {
		apis[api.Kind] = api
	}
	for kind, api := range apis {
		api.Changes = changesOf(api)
		if r, ok := replacements[kind]; ok {
			api.Replacement = r
		}
		apis[kind] = api
	}
	return apis
})

// fromType reads the lifecycle of a type.
func fromType(scheme *runtime.Scheme, kind schema.GroupVersionKind) (API, bool) {
	if strings.HasSuffix(kind.Kind, "List") {
		return API{}, false
	}
	obj, err := scheme.New(kind)
	if err != nil {
		return API{}, false
	}
	d, ok := obj.(deprecated)
	if !ok {
		return API{}, false
	}
	api := API{Kind: kind, Deprecated: minor(d.APILifecycleDeprecated())}
	if r, ok := obj.(removed); ok {
		api.Removed = minor(r.APILifecycleRemoved())
	}
	if r, ok := obj.(replaced); ok {
		api.Replacement = r.APILifecycleReplacement()
	}
	return api, true
}

func minor(major, minor int) string { return fmt.Sprintf("%d.%d", major, minor) }
