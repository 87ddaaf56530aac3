package build

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fluxcd/pkg/envsubst"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// Variables are the values of spec.postBuild.
type Variables struct {
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

// substitute replaces the variables in an object, and returns the names of those that have no
// value and no default, which Flux replaces with nothing. Source: SubstituteVariables in
// github.com/fluxcd/pkg/kustomize v1.35.7, kustomize_varsub.go.
func (v *Variables) substitute(object map[string]any) (result map[string]any, undefined []string, err error) {
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
	output, err := envsubst.Eval(string(text), func(name string) (string, bool) {
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
	})
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

// Unresolved reports whether a text has a variable whose value is not known.
func Unresolved(text string) bool { return bareVariable.MatchString(text) }

// UnresolvedName is the name of the first variable in a text whose value is not known, or "".
func UnresolvedName(text string) string {
	if found := bareVariable.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}
