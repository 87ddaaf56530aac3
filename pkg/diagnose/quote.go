package diagnose

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// prove adds what the fields of an object say to a finding, so that evidence is
// read from the object and never composed. A field that the object does not
// have is no evidence, and none is given twice.
func prove(f *finding.Finding, obj *unstructured.Unstructured, paths ...string) {
	for _, path := range paths {
		value, ok := quote(obj, path)
		if !ok {
			continue
		}
		e := evidence(obj, path, value, time.Time{})
		if !slices.Contains(f.Evidence, e) {
			f.Evidence = append(f.Evidence, e)
		}
	}
}

// absent is the evidence that an object does not exist.
func absent(ref finding.Ref) finding.Evidence {
	return finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"}
}

// quote reads a field of an object as text: "spec.servers[0].hosts". In
// brackets stands the index of an entry of a list, an entry's name or type, or
// the key of a map, which may have dots in it. Objects and lists are JSON.
func quote(obj *unstructured.Unstructured, path string) (string, bool) {
	var value any = obj.Object
	for _, step := range pathSteps(path) {
		var ok bool
		if value, ok = into(value, step); !ok {
			return "", false
		}
	}
	switch v := value.(type) {
	case nil:
		return "", false
	case string:
		return v, true
	case bool, int64, float64:
		return fmt.Sprint(v), true
	}
	text, err := json.Marshal(value)
	return string(text), err == nil
}

// pathSteps splits a path at its dots and brackets.
func pathSteps(path string) []string {
	var found []string
	for path != "" {
		if rest, ok := strings.CutPrefix(path, "["); ok {
			key, after, _ := strings.Cut(rest, "]")
			found, path = append(found, key), strings.TrimPrefix(after, ".")
			continue
		}
		end := strings.IndexAny(path, ".[")
		if end < 0 {
			return append(found, path)
		}
		found, path = append(found, path[:end]), strings.TrimPrefix(path[end:], ".")
	}
	return found
}

// into is the entry of a map or a list that a step names.
func into(value any, step string) (any, bool) {
	switch v := value.(type) {
	case map[string]any:
		below, ok := v[step]
		return below, ok
	case []any:
		for _, entry := range v {
			if m, ok := entry.(map[string]any); ok && (m["name"] == step || m["type"] == step) {
				return entry, true
			}
		}
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(v) {
			return v[i], true
		}
	}
	return nil, false
}
