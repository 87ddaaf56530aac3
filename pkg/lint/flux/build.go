package flux

import (
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/build"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var missingPath = &rule.Rule{
	Code: "OW1106", Name: "missing-path", Severity: finding.Critical,
	Title: "The path of a Kustomization does not exist",
	Kustomization: func(c *rule.Context, k *cluster.Kustomization) {
		for _, p := range k.Problems() {
			if p.Reason == build.Missing && isPath(k, p) {
				c.Report(k.Object, "spec.path", p.Message, inFile(k.File(), "Correct spec.path, or add the directory"))
			}
		}
	},
}

var missingFile = &rule.Rule{
	Code: "OW1908", Name: "missing-file", Severity: finding.Critical,
	Title: "A kustomization references a file that does not exist",
	Kustomization: func(c *rule.Context, k *cluster.Kustomization) {
		for _, p := range k.Problems() {
			if p.Reason == build.Missing && !isPath(k, p) {
				c.ReportAt(p.Position, k.Object, p.Message, inFile(p.File, "Correct the reference, or add the file"))
			}
		}
	},
}

var notBuildable = &rule.Rule{
	Code: "OW1107", Name: "not-buildable", Severity: finding.Critical,
	Title: "The manifests of a Kustomization can't be built",
	Kustomization: func(c *rule.Context, k *cluster.Kustomization) {
		for _, p := range k.Problems() {
			if advice, ok := buildAdvice[p.Reason]; ok {
				c.ReportAt(p.Position, k.Object, p.Message, inFile(p.File, advice))
			}
		}
	},
}

// buildAdvice is how to fix what prevents a build. Other reasons are no defects, or have a rule
// of their own.
var buildAdvice = map[build.Reason]string{
	build.Outside:     "Name the root of the repository, or move the files into it: Flux builds only what the source contains",
	build.Cycle:       "Remove one of the references",
	build.Malformed:   "Correct the file, or remove the reference to it",
	build.Unsupported: "Use a HelmRelease, or render the manifests before you commit them",
	build.Failed:      "Run `kubectl kustomize` on the directory to see the whole error",
}

// isPath reports whether a problem is about spec.path itself.
func isPath(k *cluster.Kustomization, p build.Problem) bool {
	at, _ := k.Locate("spec.path")
	return p.Position == at && object.Text(k.Unstructured.Object, "spec", "path") != ""
}
