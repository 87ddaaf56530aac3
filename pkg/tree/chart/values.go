package chart

import (
	"fmt"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/strvals"
	"sigs.k8s.io/yaml"
)

// parseValues parses a values file as source-controller does.
func parseValues(text []byte) (map[string]any, error) {
	values := map[string]any{}
	err := yaml.Unmarshal(text, &values)
	return values, err
}

// compose merges the values of a release. Source: ChartValuesFromReferences in
// github.com/fluxcd/pkg/chartutil v1.27.2, which requires a client of the API server.
func compose(release *Release) (map[string]any, error) {
	result := map[string]any{}
	for _, from := range release.From {
		if from.TargetPath == "" {
			values, err := common.ReadValues(from.Text)
			if err != nil {
				return nil, fmt.Errorf("the values in %s are not valid: %w", from.Name, err)
			}
			result = loader.MergeMaps(result, values)
			continue
		}
		result = loader.MergeMaps(result, release.Values)
		if err := setPath(result, from); err != nil {
			return nil, fmt.Errorf("the value in %s can't be set at %s: %w", from.Name, from.TargetPath, err)
		}
	}
	return loader.MergeMaps(result, release.Values), nil
}

// escaped are the characters that have a meaning in a value of --set.
var escaped = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `[`, `\[`, `]`, `\]`, `{`, `\{`, `}`, `\}`)

// setPath sets the value at a path, as --set does; a quoted or literal one is a string.
func setPath(values map[string]any, from Reference) error {
	text := string(from.Text)
	if from.Literal {
		return strvals.ParseIntoString(from.TargetPath+"="+escaped.Replace(text), values)
	}
	for _, quote := range []string{"'", `"`} {
		if strings.HasPrefix(text, quote) && strings.HasSuffix(text, quote) {
			return strvals.ParseIntoString(from.TargetPath+"="+strings.Trim(text, `'"`), values)
		}
	}
	return strvals.ParseInto(from.TargetPath+"="+text, values)
}
