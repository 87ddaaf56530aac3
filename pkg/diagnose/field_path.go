package diagnose

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// readPath reads a field by a path as the API server and the evidence write it:
// dots, and in brackets the key of a map, the index of a list's entry, or that
// entry's name or type: "spec.template.spec.containers[0].image",
// "status.conditions[Ready]", "metadata.labels[app.kubernetes.io/name]".
func readPath(obj map[string]any, path string) (any, bool) {
	var value any = obj
	steps, ok := fieldSteps(path)
	for _, step := range steps {
		if value, ok = readStep(value, step); !ok {
			return nil, false
		}
	}
	return value, ok
}

// fieldSteps splits a path; it tells whether it is one.
func fieldSteps(path string) ([]string, bool) {
	var steps []string
	rest := strings.TrimPrefix(path, ".")
	for rest != "" {
		if inside, ok := strings.CutPrefix(rest, "["); ok {
			step, after, closed := strings.Cut(inside, "]")
			if !closed || step == "" {
				return nil, false
			}
			steps, rest = append(steps, strings.Trim(step, `"'`)), strings.TrimPrefix(after, ".")
			continue
		}
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		if end == 0 {
			return nil, false
		}
		steps, rest = append(steps, rest[:end]), strings.TrimPrefix(rest[end:], ".")
	}
	return steps, len(steps) > 0
}

func readStep(value any, step string) (any, bool) {
	switch v := value.(type) {
	case map[string]any:
		below, ok := v[step]
		return below, ok
	case []any:
		for _, entry := range v {
			if named, ok := entry.(map[string]any); ok && (named["name"] == step || named["type"] == step) {
				return entry, true
			}
		}
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(v) {
			return v[i], true
		}
	}
	return nil, false
}

// valueText is a field's value as evidence shows it: text, numbers and flags as
// they are, all else as JSON.
func valueText(value any) (string, bool) {
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
