package message

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// ChartRepository is why a chart can't be fetched from a repository that answers.
type ChartRepository struct {
	Problem ChartRepositoryProblem
	// URL is without user, password, query and fragment.
	URL    string
	Detail string
}

// ChartRepositoryProblem is a mismatch between a chart and its repository.
type ChartRepositoryProblem string

// The problems a ChartRepository has.
const (
	// ChartSchemeOCI: the index of a repository of the default type points to an OCI
	// registry, from which source-controller can't fetch then.
	ChartSchemeOCI ChartRepositoryProblem = "SchemeOCI"
	// ChartTypeDefault: the URL of the repository is that of an OCI registry, but its
	// type is not oci.
	ChartTypeDefault ChartRepositoryProblem = "TypeDefault"
	// ChartTypeOCI: the type of the repository is oci, but its URL is not that of an
	// OCI registry.
	ChartTypeOCI     ChartRepositoryProblem = "TypeOCI"
	ChartRateLimited ChartRepositoryProblem = "RateLimited"
)

var (
	// Go's net/http; helm.sh/helm/v4 4.2.4, pkg/getter/getter.go. Helm 3.16 uses the
	// registry's tag as a file's name (helm/helm#13466).
	chartSchemeOCI = match.Wording(`unsupported protocol scheme "oci"|scheme "oci" not supported|could not find protocol handler for: oci\b|invalid_reference: invalid tag`)
	// source-controller 1.9.5, internal/controller/helmrepository_controller.go
	// and internal/helm/registry.
	chartTypeDefault = match.Wording(`'oci' URL scheme cannot be used with 'default' HelmRepository type`)
	chartTypeOCI     = match.Wording(`invalid OCI registry URL: (\S+)`)
	// RFC 6585; OCI distribution's error code.
	chartRateLimited = match.Wording(`(?i)\b429 too many requests\b|\btoomanyrequests\b|status code:? 429\b|\bunexpected status: 429\b|\bpull rate limit|\brate limit exceeded\b|\brate exceeded\b`)
	// What source-controller writes before errors about charts.
	chartStep = match.Wording(`(?:^|: )(?:chart pull error|invalid chart reference|dependency build error|failed to (?:download chart|get chart version)[^:]*|failed to fetch Helm repository index|failed to construct Helm client|invalid Helm repository URL|invalid OCI registry URL): |^looks like "`)
)

// parseChartRepository parses an error that the type of the repository, or its limits,
// explain.
func parseChartRepository(message string) (ChartRepository, bool) {
	text := strings.TrimSpace(match.Bound(message))
	if !chartStep.MatchString(text) {
		return ChartRepository{}, false
	}
	found := ChartRepository{URL: urlIn(text), Detail: match.Detail(withoutSecrets(text))}
	bare := anyURL.ReplaceAllString(text, "")
	switch {
	case chartTypeDefault.MatchString(bare):
		found.Problem = ChartTypeDefault
	case chartTypeOCI.MatchString(text):
		found.Problem = ChartTypeOCI
	case chartSchemeOCI.MatchString(bare):
		found.Problem = ChartSchemeOCI
	case chartRateLimited.MatchString(bare):
		found.Problem = ChartRateLimited
	default:
		return ChartRepository{}, false
	}
	return found, true
}
