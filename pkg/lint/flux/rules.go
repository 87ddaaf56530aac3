// Package flux has the rules about Kustomizations, HelmReleases and their sources: whether they
// can be built, what they depend on, what they wait for, and what they prune.
package flux

import (
	"fmt"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
)

// Rules are all rules of the package.
var Rules = []*rule.Rule{
	missingDependency, dependencyCycle, missingPath, missingFile, notBuildable,
	missingSource, missingValues, undefinedVariable, deprecatedField,
	notRenderable, healthCheckTarget, uncoveredWorkload, noWait, appliedTwice, prunesData,
	databaseUncovered, unpinnedChart, evidenceLost,
}

// suggest is ", which does not exist", with a similar name.
func suggest(near string) string {
	if near == "" {
		return "which does not exist"
	}
	return fmt.Sprintf("which does not exist; did you mean %s?", near)
}

// inFile is a fix in the file that has the object.
func inFile(file, text string) finding.Fix { return finding.Fix{Text: text, File: file} }
