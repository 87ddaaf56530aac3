package rule

import (
	"maps"
	"slices"
	"strconv"
)

// Walk visits everything in a value, such as spec.values of a HelmRelease: each entry of a map
// and each element of a list, before what is in it. Entries are in the order of their keys.
// Key is the key of the map that contains the element, if it is in a list. If visit returns
// false, what is in the value is skipped. Path is that of the value, in the notation of
// object.Read.
func Walk(value any, path string, visit func(path, key string, value any) bool) {
	walk(value, path, "", visit)
}

func walk(value any, path, key string, visit func(path, key string, value any) bool) {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			below := Field(path, name)
			if visit(below, name, v[name]) {
				walk(v[name], below, name, visit)
			}
		}
	case []any:
		for i, element := range v {
			below := path + "[" + strconv.Itoa(i) + "]"
			if visit(below, key, element) {
				walk(element, below, key, visit)
			}
		}
	}
}

// Field is the path of an entry of the map at a path: "spec.values[image][tag]".
func Field(path, key string) string { return path + "[" + key + "]" }
