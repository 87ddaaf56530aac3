package flux

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/similar"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/edit"
)

var missingValues = &rule.Rule{
	Code: "OW3103", Name: "missing-values", Severity: finding.Critical,
	Title: "The ConfigMap with values of a release does not exist",
	Object: func(c *rule.Context, o *cluster.Object) {
		if o.Ref().GroupKind() != object.HelmReleaseKind {
			return
		}
		for i, from := range object.List(o.Unstructured.Object, "spec", "valuesFrom") {
			name := object.Text(from, "name")
			// A Secret is often created by hand or by an operator.
			if object.Text(from, "kind") != object.ConfigMapKind.Kind || object.Bool(from, "optional") || rule.Unknown(name) {
				continue
			}
			ref := object.Ref{Kind: object.ConfigMapKind.Kind, Namespace: o.GetNamespace(), Name: name}
			if exists(c, ref) || !c.CompleteBut(ref.Namespace, o) && c.MisspellingOf(ref) == "" && !generated(c, ref.Namespace, name) {
				continue
			}
			c.Report(o, fmt.Sprintf("spec.valuesFrom[%d].name", i), fmt.Sprintf("its values are in ConfigMap %s, %s", name, suggestValues(c, o.GetNamespace(), name)),
				inFile(o.File(), "Correct the name, or add the ConfigMap"))
		}
	},
}

// generated reports whether a kustomization generates a ConfigMap of this name, with a hash
// that the reference lacks.
func generated(c *rule.Context, namespace, name string) bool {
	return slices.ContainsFunc(c.InNamespace(object.ConfigMapKind, namespace), func(o *cluster.Object) bool {
		hash, ok := strings.CutPrefix(o.GetName(), name+"-")
		return ok && o.Document() == nil && o.Release == nil && len(hash) == 10
	})
}

func suggestValues(c *rule.Context, namespace, name string) string {
	if generated(c, namespace, name) {
		return "whose generated name has a hash; kustomize does not know the reference: add it to nameReference in a file that configurations lists"
	}
	var names []string
	for _, o := range c.InNamespace(object.ConfigMapKind, namespace) {
		names = append(names, o.GetName())
	}
	return suggest(similar.Nearest(name, names))
}

var undefinedVariable = &rule.Rule{
	Code: "OW1114", Name: "undefined-variable", Severity: finding.Warning,
	Title: "A variable has no value",
	Kustomization: func(c *rule.Context, k *cluster.Kustomization) {
		if k.Built == nil {
			return
		}
		for _, o := range k.Built.Objects {
			for _, name := range k.Built.Undefined[object.RefOf(o.Unstructured)] {
				about := &cluster.Object{Object: o, By: k}
				c.ReportAt(o.LineOf("${"+name+"}"), about,
					fmt.Sprintf("${%s} has no value in spec.postBuild of %s, so Flux removes it", name, k.Ref()),
					inFile(k.File(), "Add the variable to spec.postBuild.substitute, or write $${"+name+"} if the text is not a variable of Flux"))
			}
		}
	},
}

// deprecatedFields are fields of kustomization files that kustomize warns about
// (CheckDeprecatedFields in sigs.k8s.io/kustomize/api v0.21.1, types/kustomization.go), and
// those that replace them.
var deprecatedFields = map[string]string{
	"bases": "resources", "commonLabels": "labels", "imageTags": "images",
	"patchesJson6902": "patches", "patchesStrategicMerge": "patches", "vars": "replacements",
}

var deprecatedField = &rule.Rule{
	Code: "OW1905", Name: "deprecated-field", Severity: finding.Info,
	Title: "A field of a kustomization is deprecated",
	Tree: func(t *rule.Tree) {
		for _, file := range t.Used {
			documents, err := t.Documents(file)
			if err != nil {
				continue
			}
			for _, d := range documents {
				for _, field := range slices.Sorted(maps.Keys(deprecatedFields)) {
					if at, _, found := d.Find(field); found {
						t.Report(at, fmt.Sprintf("the field %s is deprecated", field),
							inFile(file, fmt.Sprintf("Use the field %s; `kustomize edit fix` changes it", deprecatedFields[field])),
							modernize(d, field, at)...)
					}
				}
			}
		}
	},
}

// modernize are the changes that replace a deprecated field, nil if they require a decision, or
// the field has entries of another form.
func modernize(d *tree.Document, field string, at tree.Position) []edit.Change {
	newField := deprecatedFields[field]
	if _, _, exists := d.Find(newField); exists || field == "vars" || field == "commonLabels" {
		return nil
	}
	changes := []edit.Change{{At: at, Op: edit.Rename, Value: newField}}
	if field != "patchesStrategicMerge" {
		return changes
	}
	list, _ := object.Read(d.Object, field)
	entries, _ := list.([]any)
	for i, entry := range entries {
		text, ok := entry.(string)
		if !ok || strings.ContainsAny(text, "\n{") {
			return nil
		}
		p, _, _ := d.Find(fmt.Sprintf("%s[%d]", field, i))
		changes = append(changes, edit.Change{At: p, Op: edit.Wrap, Value: "path"})
	}
	return changes
}
