package diagnose

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// bringer finds the HelmRelease that fits one of the words by its chart or its
// name, an earlier word before a later one; with a namespace, only there.
func (x *examiner) bringer(namespace string, words ...string) (finding.Ref, bool) {
	releases := x.snap.List(health.HelmReleaseKind, namespace).Objects
	for _, word := range words {
		for _, release := range releases {
			chart := field.Text(release.Object, "spec", "chart", "spec", "chart")
			if chart == word || release.GetName() == word {
				return finding.RefOf(release), true
			}
		}
		for _, release := range releases {
			chart := field.Text(release.Object, "spec", "chart", "spec", "chart")
			if strings.Contains(chart, word) || strings.Contains(release.GetName(), word) {
				return finding.RefOf(release), true
			}
		}
	}
	return finding.Ref{}, false
}
