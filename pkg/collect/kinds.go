package collect

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// KindsNamed are the served kinds that a word means, as kubectl takes it: the
// kind, its plural, singular or a short name, in any case, and behind a dot a
// group ("gateways.networking.istio.io", or as much of the group as is unique),
// or a version and a group ("deployments.v1.apps"). Where several groups have such
// a kind, all of them are given, by group.
func (s *Session) KindsNamed(word string) []schema.GroupKind {
	name, group := SplitKind(word)
	var found []schema.GroupKind
	for gk, r := range s.served.kinds {
		is := name == strings.ToLower(gk.Kind) || name == r.name || r.singular != "" && name == r.singular || slices.Contains(r.shortNames, name)
		if is && GroupMeant(group, gk.Group) {
			found = append(found, gk)
		}
	}
	slices.SortFunc(found, func(a, b schema.GroupKind) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind))
	})
	return found
}

// SplitKind parts a word for a kind at its first dot, in lower case.
func SplitKind(word string) (name, group string) {
	name, group, _ = strings.Cut(strings.ToLower(word), ".")
	return name, group
}

// apiVersion is a version as Kubernetes names them, with the dot behind it.
var apiVersion = regexp.MustCompile(`^v[0-9]+(?:(?:alpha|beta)[0-9]+)?(?:\.|$)`)

// GroupMeant tells whether what follows a kind's name means a group: nothing, the
// group, the beginning of it, or any of these behind a version. Whatever the
// version, the object is the same.
func GroupMeant(written, group string) bool {
	if version := apiVersion.FindString(written); version != "" {
		written = strings.TrimPrefix(written, version)
		return written == group || written != "" && strings.HasPrefix(group, written+".")
	}
	return written == "" || written == group || strings.HasPrefix(group, written+".")
}
