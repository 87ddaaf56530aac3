package collect

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// KindsNamed are the served kinds that a word means, as kubectl takes it: the
// kind, its plural, singular or a short name, in any case, and behind a dot a
// group ("gateways.networking.istio.io", or as much of the group as is unique).
// Where several groups have such a kind, all of them are given, by group.
func (s *Session) KindsNamed(word string) []schema.GroupKind {
	name, group, grouped := strings.Cut(strings.ToLower(word), ".")
	var found []schema.GroupKind
	for gk, r := range s.served.kinds {
		is := name == strings.ToLower(gk.Kind) || name == r.name || r.singular != "" && name == r.singular || slices.Contains(r.shortNames, name)
		if is && (!grouped || gk.Group == group || strings.HasPrefix(gk.Group, group+".") || group == r.version+"."+gk.Group) {
			found = append(found, gk)
		}
	}
	slices.SortFunc(found, func(a, b schema.GroupKind) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind))
	})
	return found
}
