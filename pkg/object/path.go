package object

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Read returns the value at a path as the API server and the evidence write it: dots,
// and in brackets the key of a map, the index of a list entry, or its name or type:
// "spec.template.spec.containers[0].image", "status.conditions[Ready]",
// "metadata.labels[app.kubernetes.io/name]". It is false for an invalid path and for a
// field that does not exist.
func Read(obj map[string]any, path string) (any, bool) {
	var value any = obj
	steps, ok := Steps(path)
	for _, step := range steps {
		if value, ok = readStep(value, step); !ok {
			return nil, false
		}
	}
	return value, ok
}

// Quote is the value at a path as text: strings, numbers and booleans as they are, lists and
// maps as JSON. It is false if Read returns false, and for null.
func Quote(obj map[string]any, path string) (string, bool) {
	value, ok := Read(obj, path)
	if !ok {
		return "", false
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

// Steps splits a path as Read has it into keys and indices, and reports whether it is valid.
func Steps(path string) ([]string, bool) {
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
