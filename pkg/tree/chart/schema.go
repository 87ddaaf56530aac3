package chart

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"helm.sh/helm/v4/pkg/chart/common"
	helmchart "helm.sh/helm/v4/pkg/chart/v2"
)

// errNotLoaded is the error of a schema that references another file or URL.
var errNotLoaded = errors.New("it was not loaded")

// notLoaded loads no other schema. Helm reads files and downloads URLs.
type notLoaded struct{}

func (notLoaded) Load(string) (any, error) { return nil, errNotLoaded }

// urnSchema is Helm's schema of a URN: it allows everything.
type urnSchema struct{}

func (urnSchema) Load(string) (any, error) { return true, nil }

// validate compares the values of a chart and those of its dependencies with their schemas. Source:
// ValidateAgainstSchema in helm.sh/helm/v4 v4.2.4, pkg/chart/common/util.
func validate(chart *helmchart.Chart, values any) error {
	table, ok := asTable(values)
	if !ok {
		if values == nil {
			return nil
		}
		return fmt.Errorf("the values of the chart %s are not a map", chart.Name())
	}
	if chart.Schema != nil {
		if err := validateOne(chart, table); err != nil {
			return err
		}
	}
	for _, d := range chart.Dependencies() {
		if err := validate(d, table[d.Name()]); err != nil {
			return err
		}
	}
	return nil
}

func asTable(values any) (map[string]any, bool) {
	if v, ok := values.(common.Values); ok {
		return v, true
	}
	table, ok := values.(map[string]any)
	return table, ok
}

func validateOne(chart *helmchart.Chart, values map[string]any) error {
	const name = "file:///values.schema.json"
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(chart.Schema))
	if err != nil {
		return fmt.Errorf("values.schema.json of the chart %s is not JSON: %w", chart.Name(), err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(jsonschema.SchemeURLLoader{"file": notLoaded{}, "http": notLoaded{}, "https": notLoaded{}, "urn": urnSchema{}})
	if err := compiler.AddResource(name, schema); err != nil {
		return err
	}
	compiled, err := compiler.Compile(name)
	if elsewhere := (*jsonschema.LoadURLError)(nil); errors.As(err, &elsewhere) {
		return problem(Incomplete, "values.schema.json of the chart %s references another schema, which was not loaded", chart.Name())
	}
	if err == nil {
		err = compiled.Validate(values)
	}
	if err != nil {
		text := strings.TrimPrefix(err.Error(), "jsonschema validation failed with '"+name+"#'\n")
		return fmt.Errorf("the values do not match values.schema.json of the chart %s: %s", chart.Name(), text)
	}
	return nil
}
