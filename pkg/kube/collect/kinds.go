package collect

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// KindsNamed are the served kinds that a word names, as in kubectl: the kind, its plural,
// singular or a short name, in any case, and after a dot a group
// ("gateways.networking.istio.io", or a unique prefix of it), or a version and a group
// ("deployments.v1.apps"). If several groups have such a kind, all of them are returned,
// by group.
func (s *Session) KindsNamed(word string) []schema.GroupKind {
	name, group := SplitKind(word)
	var found []schema.GroupKind
	for gk, r := range s.api.get().kinds {
		is := name == strings.ToLower(gk.Kind) || name == r.name || r.singular != "" && name == r.singular || slices.Contains(r.shortNames, name)
		if is && MatchesGroup(group, gk.Group) {
			found = append(found, gk)
		}
	}
	slices.SortFunc(found, func(a, b schema.GroupKind) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind))
	})
	return found
}

// SplitKind splits the name of a kind at its first dot, in lower case.
func SplitKind(word string) (name, group string) {
	name, group, _ = strings.Cut(strings.ToLower(word), ".")
	return name, group
}

// apiVersion matches a version as Kubernetes names them, with the dot after it.
var apiVersion = regexp.MustCompile(`^v[0-9]+(?:(?:alpha|beta)[0-9]+)?(?:\.|$)`)

// MatchesGroup reports whether the text after a kind's name matches a group: nothing, the
// group, a prefix of it, or any of these after a version. The object is the same in every
// version.
func MatchesGroup(written, group string) bool {
	if version := apiVersion.FindString(written); version != "" {
		written = strings.TrimPrefix(written, version)
		return written == group || written != "" && strings.HasPrefix(group, written+".")
	}
	return written == "" || written == group || strings.HasPrefix(group, written+".")
}

// Served is where a kind is served: the plural of its preferred version, and whether its objects
// have namespaces. Without a plural the cluster does not serve the kind, or, with an error, it
// is not known whether it does.
func (s *Session) Served(gk schema.GroupKind) (plural string, namespaced bool, err error) {
	served := s.api.get()
	if r, ok := served.kinds[gk]; ok {
		return r.name, r.namespaced, nil
	}
	return "", false, served.failed[gk.Group]
}
