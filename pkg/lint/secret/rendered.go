package secret

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// minRendered is the length of a text that is looked for in values: shorter ones are often there by
// chance.
const minRendered = 4

// fromValues reports whether a text in an object of a chart is one of the values of the release, or
// in a ConfigMap or Secret with its values: a finding is about these, where the text is written.
func fromValues(c *rule.Context, o *cluster.Object, text string) bool {
	if o.Release == nil || len(text) < minRendered {
		return false
	}
	found := false
	values, _ := object.Read(o.Release.Unstructured.Object, "spec.values")
	rule.Walk(values, "", func(_, _ string, value any) bool {
		known, ok := value.(string)
		found = found || ok && strings.Contains(known, text)
		return !found
	})
	for _, from := range object.List(o.Release.Unstructured.Object, "spec", "valuesFrom") {
		kind := object.ConfigMapKind
		if object.Text(from, "kind") == object.SecretKind.Kind {
			kind = object.SecretKind
		}
		for _, source := range c.Find(kind, o.Release.GetNamespace(), object.Text(from, "name")) {
			for _, e := range entries(c, source) {
				found = found || strings.Contains(e.text, text)
			}
		}
	}
	return found
}
