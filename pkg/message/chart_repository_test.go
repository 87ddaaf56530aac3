package message

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
)

func TestChartRepository(t *testing.T) {
	pull := `chart pull error: failed to download chart for remote reference: `
	is := func(from, message string, want ChartRepository) parsecheck.Case[ChartRepository] {
		want.Detail = message
		return parsecheck.Case[ChartRepository]{from, message, want}
	}
	parsecheck.Check(t, parseChartRepository, []parsecheck.Case[ChartRepository]{
		is("fluxcd/source-controller#1749, Go's net/http", pull+`Get "oci://registry-1.docker.io/bitnamicharts/keycloak:24.4.11": unsupported protocol scheme "oci"`,
			ChartRepository{Problem: ChartSchemeOCI, URL: "oci://registry-1.docker.io/bitnamicharts/keycloak:24.4.11"}),
		is("helm.sh/helm/v4 4.2.4, getter.go", pull+`scheme "oci" not supported`, ChartRepository{Problem: ChartSchemeOCI}),
		is("bitnami/charts#30519, helm/helm#13466", pull+`invalid_reference: invalid tag`, ChartRepository{Problem: ChartSchemeOCI}),
		{"in the words of a release", `HelmChart 'a/b' is not ready: ` + pull + `Get "oci://x.io/c:1": unsupported protocol scheme "oci"`,
			ChartRepository{Problem: ChartSchemeOCI, URL: "oci://x.io/c:1", Detail: `HelmChart 'a/b' is not ready: ` + pull + `Get "oci://x.io/c:1": unsupported protocol scheme "oci"`}},
		is("source-controller 1.9.5, helmrepository_controller.go", `invalid Helm repository URL: 'oci' URL scheme cannot be used with 'default' HelmRepository type`, ChartRepository{Problem: ChartTypeDefault}),
		is("source-controller 1.9.5, of a type oci with another address", `invalid OCI registry URL: https://x.io/charts`, ChartRepository{Problem: ChartTypeOCI, URL: "https://x.io/charts"}),
		is("Docker Hub", pull+`failed to fetch https://registry-1.docker.io/v2/x/manifests/1 : 429 Too Many Requests`, ChartRepository{Problem: ChartRateLimited, URL: "https://registry-1.docker.io/v2/x/manifests/1"}),
		is("OCI distribution", `chart pull error: failed to get chart version for remote reference: GET https://index.docker.io/v2/x/tags/list: TOOMANYREQUESTS: You have reached your unauthenticated pull rate limit.`,
			ChartRepository{Problem: ChartRateLimited, URL: "https://index.docker.io/v2/x/tags/list"}),
		is("GitHub", `failed to fetch Helm repository index: failed to cache index to temporary file: failed to fetch https://x.github.io/charts/index.yaml : 429 Too Many Requests`, ChartRepository{Problem: ChartRateLimited, URL: "https://x.github.io/charts/index.yaml"}),
		is("helm.sh/helm/v3, chart_downloader.go", pull+`could not find protocol handler for: oci`, ChartRepository{Problem: ChartSchemeOCI}),
		is("Amazon ECR", pull+`GET https://public.ecr.aws/v2/x: TOOMANYREQUESTS: Rate exceeded`, ChartRepository{Problem: ChartRateLimited, URL: "https://public.ecr.aws/v2/x"}),
		is("helm.sh/helm/v4 4.2.4, repo/v1/chartrepo.go", `looks like "https://x.io" is not a valid chart repository or cannot be reached: failed to fetch https://x.io/index.yaml : 429 Too Many Requests`, ChartRepository{Problem: ChartRateLimited, URL: "https://x.io"}),
		{"a version that looks like the code", `chart pull error: no 'x' chart with version matching '429' found`, ChartRepository{}},
		{"an address that looks like the code", pull + `Get "https://x.io/429/index.yaml": EOF`, ChartRepository{}},
		{"another scheme", pull + `Get "ftp://x.io/c.tgz": unsupported protocol scheme "ftp"`, ChartRepository{}},
		{"not of a chart", `scheme "oci" not supported`, ChartRepository{}},
	})
}
