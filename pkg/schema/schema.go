// Package schema validates objects against the schemas of their kinds, without a cluster, as
// an API server does: unknown fields, types, required fields, allowed values, and duplicate
// entries of lists. It embeds the schemas of Kubernetes' own kinds and of the kinds of
// cert-manager, Istio and the Gateway API (Known); those of other kinds come from the
// CustomResourceDefinitions that the caller adds. It evaluates no rules in CEL, and no other
// checks that API servers have in code: an object without a problem may still be rejected.
//
// The caller prepares objects. A file that SOPS encrypted has a field "sops" beside spec, and
// encrypted values have other types: decrypt it, or do not validate it. Variables of Flux
// (spec.postBuild) must be substituted first. Patches are no complete objects. Secrets of a
// snapshot are redacted, and then no longer encoded in base64. An object whose kind ends in
// List has no schema: validate its items.
package schema

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Rule is the rule of a schema that an object violates.
type Rule string

// The rules.
const (
	// UnknownField: the schema has no such field. The API server drops its value, or rejects
	// the object.
	UnknownField Rule = "UnknownField"
	// WrongType: the value has another type than its field.
	WrongType Rule = "WrongType"
	// MissingField: a required field is not set.
	MissingField Rule = "MissingField"
	// InvalidValue: the value is not one of those that are allowed.
	InvalidValue Rule = "InvalidValue"
	// DuplicateEntry: two entries of a list have the same key. Server-side apply, which Flux
	// uses, rejects such a list; for some lists kubectl's client-side apply does not.
	DuplicateEntry Rule = "DuplicateEntry"
)

// Problem is one violation.
type Problem struct {
	Rule Rule
	// Path is the field, as object.Read reads it: "spec.containers[0].image",
	// "metadata.labels[app.kubernetes.io/name]". For a required field it is the field that
	// does not exist. It is empty for the object itself.
	Path string
	// Message continues a sentence that begins with the field: "must be of type integer, not
	// string". It has no value of the object, because that may be a secret.
	Message string
}

// String is the path and the message.
func (p Problem) String() string {
	if p.Path == "" {
		return "the object " + p.Message
	}
	return p.Path + ": " + p.Message
}

// Source is where embedded schemas come from.
type Source struct {
	// Name is the project: "Kubernetes". Version is the version of its Go module: "v1.36.3".
	Name, Version string
	// Kinds are in alphabetical order of group, version and kind.
	Kinds []schema.GroupVersionKind
}

// Known lists the embedded schemas.
func Known() []Source {
	var sources []Source
	for _, b := range []*bundle{builtIn(), custom()} {
		sources = append(sources, b.sources...)
	}
	for i := range sources {
		sources[i].Kinds = slices.Clone(sources[i].Kinds)
	}
	return sources
}

// Set is a set of schemas, those embedded and those that AddCRD added. Schemas are decoded
// when they are first used. Its methods may be called concurrently.
type Set struct {
	lock sync.RWMutex
	// added has the kinds of AddCRD, with their served versions.
	added map[schema.GroupKind]map[string]*node
}

// NewSet is a set of the embedded schemas.
func NewSet() *Set {
	return &Set{added: map[schema.GroupKind]map[string]*node{}}
}

// Versions are the versions of a kind that the set has schemas of, in alphabetical order;
// none if it does not know the kind.
func (s *Set) Versions(kind schema.GroupKind) []string {
	s.lock.RLock()
	added, ok := s.added[kind]
	s.lock.RUnlock()
	var versions []string
	if ok {
		for v := range added {
			versions = append(versions, v)
		}
	} else {
		for _, b := range []*bundle{builtIn(), custom()} {
			versions = append(versions, b.versions[kind]...)
		}
	}
	slices.Sort(versions)
	return versions
}

// Origin is where the schema of a kind comes from: "Kubernetes v1.36.3", or "its
// CustomResourceDefinition" if AddCRD added it. It is empty if the set has none.
func (s *Set) Origin(kind schema.GroupVersionKind) string {
	s.lock.RLock()
	added, ok := s.added[kind.GroupKind()]
	s.lock.RUnlock()
	if ok {
		if added[kind.Version] == nil {
			return ""
		}
		return "its CustomResourceDefinition"
	}
	for _, b := range []*bundle{builtIn(), custom()} {
		if k, ok := b.kinds[kind]; ok {
			return b.sources[k.Source].Name + " " + b.sources[k.Source].Version
		}
	}
	return ""
}

// Validate returns the problems of an object, at most a hundred, in the order of their
// fields. The object is not known, and has not been validated, if the set has no schema of
// its version and kind, or if the validation would take too long. The status of kinds with
// a subresource for it is not validated, because the API server ignores it in a manifest.
func (s *Set) Validate(obj map[string]any) (problems []Problem, known bool) {
	root := s.lookup(schema.FromAPIVersionAndKind(object.Text(obj, "apiVersion"), object.Text(obj, "kind")))
	if root == nil {
		return nil, false
	}
	budget := maxSteps
	w := walk{budget: &budget}
	w.value(root, obj, nil)
	if budget <= 0 {
		return nil, false
	}
	return w.problems, true
}

// lookup is the schema of a kind, nil if there is none.
func (s *Set) lookup(kind schema.GroupVersionKind) *node {
	s.lock.RLock()
	added, ok := s.added[kind.GroupKind()]
	s.lock.RUnlock()
	if ok {
		return added[kind.Version]
	}
	for _, b := range []*bundle{builtIn(), custom()} {
		if n := b.lookup(kind); n != nil {
			return n
		}
	}
	return nil
}
