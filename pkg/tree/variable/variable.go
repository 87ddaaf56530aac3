// Package variable replaces the variables of spec.postBuild in objects, as kustomize-controller does.
package variable

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fluxcd/pkg/envsubst"
	"github.com/fluxcd/pkg/envsubst/parse"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// Set is the variables of a Kustomization.
type Set struct {
	// Values are those of spec.postBuild.
	Values map[string]string
	// Incomplete: some values are not known, because a ConfigMap or Secret of substituteFrom is
	// not in the tree. An unknown variable without a default value stays as it is: ${name}.
	Incomplete bool
	// Always: substitute even if there are no values (spec.postBuild.substituteStrategy).
	Always bool
}

// The label or annotation that disables substitution for an object, and its value.
const (
	substituteKey      = "kustomize.toolkit.fluxcd.io/substitute"
	substituteDisabled = "disabled"
)

var (
	variableName = regexp.MustCompile(`^[_[:alpha:]][_[:alpha:][:digit:]]*$`)
	bareVariable = regexp.MustCompile(`\$\{([_[:alpha:]][_[:alnum:]]*)\}`)
)

// Substitute replaces the variables in an object, and returns the names of those that have no
// value and no default, which Flux replaces with nothing. Source: SubstituteVariables in
// github.com/fluxcd/pkg/kustomize v1.35.7, kustomize_varsub.go.
//
// Spend adds to the work of the tree's builds. Its error is returned, wrapped.
func (v *Set) Substitute(object map[string]any, spend func(steps int) error) (result map[string]any, undefined []string, err error) {
	if v == nil || len(v.Values) == 0 && !v.Always && !v.Incomplete {
		return object, nil, nil
	}
	for key := range v.Values {
		if !variableName.MatchString(key) {
			return nil, nil, fmt.Errorf("the variable name %q in spec.postBuild is not valid", key)
		}
	}
	text, err := yaml.Marshal(object)
	if err != nil {
		return nil, nil, err
	}
	bare := map[string]bool{}
	for _, found := range bareVariable.FindAllStringSubmatch(string(text), -1) {
		bare[found[1]] = true
	}
	output, err := evaluate(string(text), func(name string) (string, bool) {
		value, known := v.Values[name]
		switch {
		case known:
			return strings.ReplaceAll(value, "\n", ""), true
		case bare[name] && v.Incomplete:
			return "${" + name + "}", true
		case bare[name] && !slices.Contains(undefined, name):
			undefined = append(undefined, name)
		}
		return "", true
	}, spend)
	if err != nil {
		return nil, nil, fmt.Errorf("substitute the variables of spec.postBuild: %w", err)
	}
	encoded, err := yaml.YAMLToJSON([]byte(output))
	if err == nil {
		err = json.Unmarshal(encoded, &result)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("substitute the variables of spec.postBuild: the result is not YAML: %w", err)
	}
	return result, undefined, nil
}

// The limits of the substitution in one object.
const (
	// maxExpressions is the number of ${…}. They can be nested, and are parsed recursively.
	maxExpressions = 100_000
	// maxSubstituted is the size of the result, in bytes.
	maxSubstituted = tree.MaxFile
	// maxSteps is the number of comparisons of characters that remove a pattern.
	maxSteps = 1 << 32
)

// evaluate replaces the expressions in a text. It rejects those whose result can be very large,
// and catches the panics of the library: ${a:1:9223372036854775807} causes one in v1.7.1.
func evaluate(text string, value func(string) (string, bool), spend func(steps int) error) (output string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("an expression is not valid: %v", r)
		}
	}()
	if strings.Count(text, "${") > maxExpressions {
		return "", fmt.Errorf("%w: the object has more than %d expressions", tree.ErrTooLarge, maxExpressions)
	}
	parsed, err := parse.Parse(text)
	if err != nil {
		return "", err
	}
	var c cost
	if size := c.of(parsed.Root, value); size > maxSubstituted || c.steps > maxSteps {
		return "", fmt.Errorf("%w: the result can have more than %d MiB, or takes too long", tree.ErrTooLarge, maxSubstituted>>20)
	}
	if err := spend(int(c.steps/comparedInStep) + len(text)/bytesRead); err != nil {
		return "", err
	}
	return envsubst.Eval(text, value)
}

// The comparisons of characters, and the bytes of an object, that take one step of work.
const comparedInStep, bytesRead = 500, 2

// cost is what the evaluation of expressions takes at most. The numbers can exceed an integer.
type cost struct{ steps float64 }

// of is the largest size of the result of a node, in bytes.
func (c *cost) of(n parse.Node, value func(string) (string, bool)) float64 {
	switch n := n.(type) {
	case *parse.TextNode:
		return float64(len(n.Value))
	case *parse.ListNode:
		sum := 0.0
		for _, inner := range n.Nodes {
			sum += c.of(inner, value)
		}
		return sum
	case *parse.FuncNode:
		args := 0.0
		for _, arg := range n.Args {
			args += c.of(arg, value)
		}
		text, _ := value(n.Param)
		size := float64(len(text))
		switch n.Name {
		case "//": // an empty pattern matches before and after each character
			return size + (size+1)*args
		case "#", "##", "%", "%%":
			if len(n.Args) > 0 {
				c.steps += size * size * (1 + args)
			}
		}
		return max(size+args, 20) // the length of a value is a number
	}
	return 0
}

// Disabled reports whether an object has the label or annotation that disables substitution.
func Disabled(obj *unstructured.Unstructured) bool {
	return obj.GetLabels()[substituteKey] == substituteDisabled || obj.GetAnnotations()[substituteKey] == substituteDisabled
}

// Unresolved reports whether a text has a variable whose value is not known.
func Unresolved(text string) bool { return bareVariable.MatchString(text) }

// UnresolvedName is the name of the first variable in a text whose value is not known, or "".
func UnresolvedName(text string) string {
	if found := bareVariable.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}
