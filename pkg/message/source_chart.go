package message

import (
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

const versionShape = `(?P<version>[^'"\n]+)`

// charts are the wordings for a chart or version that does not exist.
var charts = []struct {
	expression *match.Pattern
	problem    SourceProblem
}{
	// source-controller 1.9.5, internal/helm/repository/chart_repository.go.
	{match.Wording(`no '(?P<chart>[^'\n]+)' chart with version matching '` + versionShape + `' found`), SourceVersionNotFound},
	// helm.sh/helm/v4 4.2.4, pkg/repo/v1/chartrepo.go, RepoURLNotFound; Helm 3 too.
	{match.Wording(`chart "(?P<chart>[^"\n]+)" version "` + versionShape + `" not found in (?P<url>\S+)`), SourceVersionNotFound},
	{match.Wording(`chart "(?P<chart>[^"\n]+)" not found in (?P<url>\S+)`), SourceChartNotFound},
	// internal/helm/repository/oci_chart_repository.go: the chart is in the reference before
	// it.
	{match.Wording(`could not locate a version matching provided version string (?P<version>[^\n]+)$`), SourceVersionNotFound},
	{match.Wording(`(?:unable to locate any tags in provided repository: |could not get tags for ")(?P<chart>[^"\s]+)`), SourceChartNotFound},
	// pkg/repo/v1/index.go.
	{match.Wording(`\bno chart version found for (?P<chart>[^\s]+?)-(?P<version>\d[^\s]*)$`), SourceVersionNotFound},
	{match.Wording(`(?:failed to get chart version for remote reference|chart reference): no chart name found$`), SourceChartNotFound},
}

// chartContext matches phrases that only messages about a requested chart have, so that "not
// found" is about a chart.
var chartContext = match.Wording(`^(?:invalid chart reference: |chart pull error: |dependency build error: |failed to get chart version for remote reference: |failed to download chart |no '|chart "|HelmChart )`)

// parseChart parses a chart, or a version of one, that the repository does not have.
func parseChart(text string) (Source, bool) {
	if !chartContext.MatchString(text) {
		return Source{}, false
	}
	for _, kind := range charts {
		found := match.Groups(kind.expression, text)
		if found == nil {
			continue
		}
		return Source{
			Problem: kind.problem, Chart: match.Word(found["chart"]), Version: match.Word(found["version"]),
			URL: plainURL(found["url"]), Detail: match.Detail(withoutSecrets(text)),
		}, true
	}
	return Source{}, false
}
