package explain

import (
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
)

// InContext returns an explanation whose commands are for the cluster of a kubeconfig's context.
func InContext(e diagnose.Explanation, context string) diagnose.Explanation {
	e.Subjects = slices.Clone(e.Subjects)
	for i := range e.Subjects {
		causes := slices.Clone(e.Subjects[i].Causes)
		for j := range causes {
			fixes := slices.Clone(causes[j].Fixes)
			for k := range fixes {
				fixes[k].Command = escape.InContext(fixes[k].Command, context)
			}
			causes[j].Fixes = fixes
		}
		e.Subjects[i].Causes = causes
	}
	return e
}
