package message

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

func source(from, message string, want Source) parsecheck.Case[Source] {
	if want.Detail == "" {
		want.Detail = message
	}
	return parsecheck.Case[Source]{from, message, want}
}

func TestSourceGit(t *testing.T) {
	parsecheck.Check(t, parseSource, []parsecheck.Case[Source]{
		source("go-git 5.19, transport/common.go; source-controller 1.9.5", `failed to checkout and determine revision: unable to clone 'https://github.com/x/y': authentication required: Repository not found.`,
			Source{Problem: SourceAuthentication, URL: "https://github.com/x/y"}),
		source("Go's ssh", `failed to checkout and determine revision: unable to list remote for 'ssh://git@github.com/x/y': ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain`,
			Source{Problem: SourceAuthentication, URL: "ssh://github.com/x/y", Detail: `failed to checkout and determine revision: unable to list remote for 'ssh://github.com/x/y': ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain`}),
		source("go-git", `failed to checkout and determine revision: unable to clone 'https://x.io/y': couldn't find remote ref "refs/heads/mian"`, Source{Problem: SourceRefNotFound, URL: "https://x.io/y", Ref: "refs/heads/mian"}),
		source("fluxcd/source-controller#1166", `failed to checkout and determine revision: unable to resolve commit object for 'cae9c52ebae189cf07cec3635137a2e4f1ad56da': object not found`, Source{Problem: SourceRefNotFound, Ref: "cae9c52ebae189cf07cec3635137a2e4f1ad56da"}),
		source("fluxcd/pkg/git v0.52", `failed to checkout and determine revision: unable to resolve ref 'refs/pull/9/head' to a specific commit`, Source{Problem: SourceRefNotFound, Ref: "refs/pull/9/head"}),
		source("fluxcd/pkg/git v0.52", `failed to checkout and determine revision: no match found for semver: >=9.0.0`, Source{Problem: SourceRefNotFound, Ref: ">=9.0.0"}),
		source("go-git", `failed to checkout and determine revision: unable to clone 'https://x.io/y': reference not found`, Source{Problem: SourceRefNotFound, URL: "https://x.io/y"}),
		source("go-git", `failed to checkout and determine revision: unable to clone 'https://x.io/y': repository not found`, Source{Problem: SourceRepoNotFound, URL: "https://x.io/y"}),
		source("without the step in front", `unable to clone 'https://x.io/y': reference not found`, Source{Problem: SourceRefNotFound, URL: "https://x.io/y"}),
		source("fluxcd/flux2#4875", `failed to checkout and determine revision: unable to clone 'https://x.io/y.git': object not found`, Source{Problem: SourceOther, URL: "https://x.io/y.git"}),
		source("source-controller 1.9.5", `failed to get secret 'flux-system/git': secrets "git" not found`, Source{Problem: SourceSecretMissing, Reference: match.Object{Kind: "Secret", Namespace: "flux-system", Name: "git"}}),
		source("source-controller 1.9.5", `failed to get secret 'flux-system/git': timeout`, Source{Problem: SourceAuthentication, Reference: match.Object{Kind: "Secret", Namespace: "flux-system", Name: "git"}}),
		source("source-controller 1.9.5", `signature verification of commit 'sha1:0123' failed: unable to verify Git commit: no valid signature`, Source{Problem: SourceVerification}),
		{"it went well", `stored artifact for revision 'main@sha1:0123'`, Source{}},
		{"a person's", `authentication required`, Source{}},
	})
}

func TestSourceNetwork(t *testing.T) {
	index := `failed to fetch Helm repository index: failed to cache index to temporary file: `
	parsecheck.Check(t, parseSource, []parsecheck.Case[Source]{
		source("helm.sh/helm/v4 4.2.4, httpgetter.go", index+`failed to fetch https://u:hunter2@x.io/index.yaml?token=s3cret : 404 Not Found`,
			Source{Problem: SourceHTTP, URL: "https://x.io/index.yaml", HTTPStatus: 404, Detail: index + `failed to fetch https://x.io/index.yaml : 404 Not Found`}),
		source("the same", index+`failed to fetch https://x.io/index.yaml : 401 Unauthorized`, Source{Problem: SourceAuthentication, URL: "https://x.io/index.yaml", HTTPStatus: 401}),
		source("Go's net", index+`Get "https://x.io/index.yaml": dial tcp: lookup x.io on 10.96.0.10:53: no such host`, Source{Problem: SourceDNS, URL: "https://x.io/index.yaml"}),
		source("Go's net", index+`Get "https://x.io:8443/index.yaml": dial tcp 1.2.3.4:8443: connect: connection refused`, Source{Problem: SourceRefused, URL: "https://x.io:8443/index.yaml"}),
		source("Go's net", index+`Get "https://x.io/index.yaml": dial tcp 1.2.3.4:443: i/o timeout`, Source{Problem: SourceTimeout, URL: "https://x.io/index.yaml"}),
		source("fluxcd/source-controller#1673", `failed to determine artifact digest: Get "https://harbor.tanzu.com/v2/": x509: certificate signed by unknown authority`, Source{Problem: SourceTLS, TLS: TLSUnknownCA, URL: "https://harbor.tanzu.com/v2/"}),
		source("source-controller 1.9.5", `invalid Helm repository URL: 'oci' URL scheme cannot be used with 'default' HelmRepository type`, Source{Problem: SourceURLInvalid}),
		source("source-controller 1.9.5", `failed to load Helm repository from index YAML: no API version specified`, Source{Problem: SourceIndexInvalid}),
		source("fluxcd/flux2#5329", `failed to determine artifact digest: GET https://ghcr.io/v2/stefanprodan/charts/podinfo/manifests/6.0.0: MANIFEST_UNKNOWN: manifest unknown`, Source{Problem: SourceManifestUnknown, URL: "https://ghcr.io/v2/stefanprodan/charts/podinfo/manifests/6.0.0"}),
		source("fluxcd/flux2#5089", `failed to determine the artifact tag for 'oci://registry-1.docker.io/x': GET https://registry-1.docker.io/v2/x/tags/list?n=1000: UNAUTHORIZED: authentication required`,
			Source{Problem: SourceAuthentication, URL: "oci://registry-1.docker.io/x", Detail: `failed to determine the artifact tag for 'oci://registry-1.docker.io/x': GET https://registry-1.docker.io/v2/x/tags/list: UNAUTHORIZED: authentication required`}),
		source("fluxcd/source-controller#2050", `failed to determine artifact digest: GET https://github.com/x: unexpected status code 404 Not Found: Not Found`, Source{Problem: SourceHTTP, URL: "https://github.com/x", HTTPStatus: 404}),
		source("fluxcd/flux2#3438", `chart pull error: failed to download chart for remote reference: failed to authorize: failed to fetch anonymous token: unexpected status: 403 Forbidden`, Source{Problem: SourceAuthentication, HTTPStatus: 403}),
		source("fluxcd/source-controller#894", `unknown build error: failed to login to OCI registry`, Source{Problem: SourceAuthentication}),
		source("source-controller 1.9.5", `failed to verify the signature using provider 'cosign keyless': no matching signatures were found for 'ghcr.io/x@sha256:1'`, Source{Problem: SourceVerification}),
		source("a port is no status", index+`Get "http://x.io:404/index.yaml": EOF`, Source{Problem: SourceOther, URL: "http://x.io:404/index.yaml"}),
		source("what a URL says is no complaint", index+`Get "https://x.io/connection/AccessDenied": EOF`, Source{Problem: SourceOther, URL: "https://x.io/connection/AccessDenied"}),
	})
}

func TestSourceChart(t *testing.T) {
	reference := `invalid chart reference: failed to get chart version for remote reference: `
	parsecheck.Check(t, parseSource, []parsecheck.Case[Source]{
		source("source-controller 1.9.5, chart_repository.go", reference+`no 'orthanc' chart with version matching '9.x' found`, Source{Problem: SourceVersionNotFound, Chart: "orthanc", Version: "9.x"}),
		{"helm-controller 1.6.1, isReady", `HelmChart 'flux-system/a-orthanc' is not ready: ` + reference + `no 'orthanc' chart with version matching '9.x' found`,
			Source{Problem: SourceVersionNotFound, Chart: "orthanc", Version: "9.x", Object: match.Object{Kind: "HelmChart", Namespace: "flux-system", Name: "a-orthanc"}, Detail: reference + `no 'orthanc' chart with version matching '9.x' found`}},
		source("helm.sh/helm/v4 4.2.4, chartrepo.go", `chart "orthanc" version "9.0.0" not found in https://u:p@x.io repository`, Source{Problem: SourceVersionNotFound, Chart: "orthanc", Version: "9.0.0", URL: "https://x.io", Detail: `chart "orthanc" version "9.0.0" not found in https://x.io repository`}),
		source("the same", `chart "orthanc" not found in https://x.io repository`, Source{Problem: SourceChartNotFound, Chart: "orthanc", URL: "https://x.io"}),
		source("oci_chart_repository.go", reference+`could not locate a version matching provided version string 9.x`, Source{Problem: SourceVersionNotFound, Version: "9.x"}),
		source("oci_chart_repository.go", reference+`could not get tags for "orthanc": could not fetch tags for "oci://x.io/orthanc": unexpected status code 404`, Source{Problem: SourceChartNotFound, Chart: "orthanc"}),
		source("index.go", reference+`no chart version found for orthanc-server-9.0.0`, Source{Problem: SourceVersionNotFound, Chart: "orthanc-server", Version: "9.0.0"}),
		source("index.go", reference+`no chart name found`, Source{Problem: SourceChartNotFound}),
		source("source-controller 1.9.5", `no artifact available for HelmRepository source 'x'`, Source{Problem: SourceNoArtifact, Object: match.Object{Kind: "HelmRepository", Name: "x"}}),
		source("kustomize-controller 1.9.6", `Source artifact not found, retrying in 30s`, Source{Problem: SourceNoArtifact}),
		source("kustomize-controller 1.9.6", `Source 'GitRepository/flux-system/x' not found`, Source{Problem: SourceMissing, Object: match.Object{Kind: "GitRepository", Namespace: "flux-system", Name: "x"}}),
		source("source-controller 1.9.5", `failed to get source: helmrepositories.source.toolkit.fluxcd.io "x" not found`, Source{Problem: SourceMissing, Object: match.Object{Group: "source.toolkit.fluxcd.io", Resource: "helmrepositories", Name: "x"}}),
		source("helm-controller 1.6.1", `could not get Source object: HelmChart.source.toolkit.fluxcd.io "a-b" not found`, Source{Problem: SourceMissing, Object: match.Object{Group: "source.toolkit.fluxcd.io", Kind: "HelmChart", Name: "a-b"}}),
		source("kustomize-controller 1.9.6", `unable to get source 'a/b': GitRepository.source.toolkit.fluxcd.io "b" not found`, Source{Problem: SourceMissing, Object: match.Object{Namespace: "a", Name: "b"}}),
		source("kustomize-controller 1.9.6", `unable to get source 'a/b': the server is currently unable`, Source{Problem: SourceNotReady, Object: match.Object{Namespace: "a", Name: "b"}}),
		source("kustomize-controller 1.9.6", `can't access 'a/b', cross-namespace references have been blocked`, Source{Problem: SourceAccessDenied, Object: match.Object{Namespace: "a", Name: "b"}}),
		source("helm-controller 1.6.1, acl.go", `cross-namespace references are not allowed: cannot access HelmChart a/b`, Source{Problem: SourceAccessDenied, Object: match.Object{Kind: "HelmChart", Namespace: "a", Name: "b"}}),
		{"helm-controller 1.6.1", `OCIRepository 'a/b' is not ready: does not have an artifact`, Source{Problem: SourceNoArtifact, Object: match.Object{Kind: "OCIRepository", Namespace: "a", Name: "b"}, Detail: "does not have an artifact"}},
		{"helm-controller 0.36", `HelmChart 'a/b' is not ready`, Source{Problem: SourceNotReady, Object: match.Object{Kind: "HelmChart", Namespace: "a", Name: "b"}}},
		{"its words are not known", `HelmChart 'a/b' is not ready: latest generation of object has not been reconciled`, Source{Problem: SourceNotReady, Object: match.Object{Kind: "HelmChart", Namespace: "a", Name: "b"}, Detail: "latest generation of object has not been reconciled"}},
		{"a dependency", `dependency 'a/b' is not ready`, Source{}},
		{"somebody else's chart", `hm, no 'x' chart with version matching 'y' found`, Source{}},
	})
}
