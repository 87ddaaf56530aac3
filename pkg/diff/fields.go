package diff

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// fields are the differences of two objects, in the notation of object.Read, by path. A map or
// list that exists only in one of them is one difference.
func fields(old, now map[string]any) []Field {
	var found []Field
	compareMaps("", old, now, &found)
	return found
}

func compareMaps(path string, old, now map[string]any, found *[]Field) {
	keys := map[string]bool{}
	for key := range old {
		keys[key] = true
	}
	for key := range now {
		keys[key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		compareValues(child(path, key), old[key], now[key], found)
	}
}

func compareValues(path string, old, now any, found *[]Field) {
	if equality.Semantic.DeepEqual(old, now) {
		return
	}
	oldMap, isOld := old.(map[string]any)
	nowMap, isNow := now.(map[string]any)
	if isOld && isNow {
		compareMaps(path, oldMap, nowMap, found)
		return
	}
	oldList, isOld := old.([]any)
	nowList, isNow := now.([]any)
	if isOld && isNow {
		compareLists(path, oldList, nowList, found)
		return
	}
	*found = append(*found, Field{Path: path, Old: text(old), New: text(now)})
}

// compareLists compares entries of the same name, or at the same index if they have no names.
func compareLists(path string, old, now []any, found *[]Field) {
	named := identified(old) && identified(now)
	for i, entry := range now {
		compareValues(entryPath(path, named, entry, i), counterpart(entry, i, now, old), entry, found)
	}
	for i, entry := range old {
		if counterpart(entry, i, old, now) == nil {
			compareValues(entryPath(path, named, entry, i), entry, nil, found)
		}
	}
}

// counterpart is the entry of another list that has the name of an entry, or its index if the
// entries have no names; nil if there is none.
func counterpart(entry any, index int, list, other []any) any {
	if identified(list) && identified(other) {
		for _, candidate := range other {
			if nameOf(candidate) == nameOf(entry) {
				return candidate
			}
		}
		return nil
	}
	if index < len(other) {
		return other[index]
	}
	return nil
}

// identified reports whether all entries of a list are maps with different names.
func identified(list []any) bool {
	seen := map[string]bool{}
	for _, entry := range list {
		name := nameOf(entry)
		if name == "" || seen[name] {
			return false
		}
		seen[name] = true
	}
	return true
}

func nameOf(entry any) string {
	m, _ := entry.(map[string]any)
	return object.Text(m, "name")
}

func entryPath(path string, named bool, entry any, index int) string {
	if named {
		return path + "[" + nameOf(entry) + "]"
	}
	return path + "[" + strconv.Itoa(index) + "]"
}

// child is the path of a key: in brackets if it has characters that separate keys.
func child(path, key string) string {
	if strings.ContainsAny(key, ".[]/") {
		return path + "[" + key + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// text is a value as text: scalars as they are, lists and maps as JSON.
func text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool, int64, float64:
		return fmt.Sprint(v)
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(encoded)
}

// unified is the difference of two objects as YAML, in the form of `diff -u`, "" if they are
// equal. One of them may be nil.
func unified(ref object.Ref, old, now *unstructured.Unstructured) string {
	name := strings.ToLower(ref.Kind) + "/" + slashed(ref)
	// The first line repeats the command.
	_, text, _ := bytes.Cut(diff.Diff("cluster/"+name, yamlOf(old), "repository/"+name, yamlOf(now)), []byte("\n"))
	return string(text)
}

func yamlOf(obj *unstructured.Unstructured) []byte {
	if obj == nil {
		return nil
	}
	text, err := yaml.Marshal(obj.Object)
	if err != nil {
		return []byte(fmt.Sprintf("# it can't be written as YAML: %v\n", err))
	}
	return text
}
