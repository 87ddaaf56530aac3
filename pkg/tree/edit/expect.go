package edit

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// expectation is an object after a change, independent of how it is written.
func expectation(object map[string]any, t target, c Change) (map[string]any, error) {
	changed, err := changeAt(runtime.DeepCopyJSON(object), t.steps, c)
	if err != nil {
		return nil, err
	}
	return changed.(map[string]any), nil
}

// changeAt returns a value in which the field at some steps is changed.
func changeAt(value any, steps []string, c Change) (any, error) {
	switch v := value.(type) {
	case map[string]any:
		return changeMap(v, steps, c)
	case []any:
		i, ok := index(v, steps[0])
		if !ok {
			return nil, fmt.Errorf("%w: the field does not exist", errRefused)
		}
		if len(steps) == 1 && c.Op == Remove {
			return slices.Delete(v, i, i+1), nil
		}
		below, err := changeBelow(v[i], steps[1:], c)
		v[i] = below
		return v, err
	}
	return nil, fmt.Errorf("%w: the field does not exist", errRefused)
}

func changeMap(m map[string]any, steps []string, c Change) (any, error) {
	below, exists := m[steps[0]]
	if len(steps) == 1 && exists {
		switch c.Op {
		case Remove:
			delete(m, steps[0])
			return m, nil
		case Rename:
			name := fmt.Sprint(c.Value)
			if _, taken := m[name]; taken {
				return nil, fmt.Errorf("%w: the field %s exists already", errRefused, name)
			}
			delete(m, steps[0])
			m[name] = below
			return m, nil
		}
	}
	if !exists {
		if c.Op != Add {
			return nil, fmt.Errorf("%w: the field does not exist", errRefused)
		}
		below = map[string]any{}
	}
	changed, err := changeBelow(below, steps[1:], c)
	m[steps[0]] = changed
	return m, err
}

// changeBelow changes a value whose field has been reached if no step is left.
func changeBelow(value any, steps []string, c Change) (any, error) {
	if len(steps) > 0 {
		return changeAt(value, steps, c)
	}
	switch c.Op {
	case Set:
		return c.Value, nil
	case Wrap:
		return map[string]any{fmt.Sprint(c.Value): value}, nil
	case Add:
		m, ok := value.(map[string]any)
		entries, valid := c.Value.(map[string]any)
		if !ok || !valid {
			return nil, fmt.Errorf("%w: the field is not a map", errRefused)
		}
		maps.Copy(m, entries)
		return m, nil
	}
	return nil, errRefused
}

// index is the entry of a list that a step names.
func index(list []any, step string) (int, bool) {
	i, err := strconv.Atoi(step)
	return i, err == nil && i >= 0 && i < len(list)
}

// innermost is the innermost map on the way of some steps that exists, and the steps below it.
func innermost(n *yaml.Node, steps []string) (parent *yaml.Node, missing []string) {
	for i, step := range steps {
		below, _, found := tree.Find(n, "["+step+"]")
		if !found {
			return n, steps[i:]
		}
		n = below
	}
	return n, nil
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
