package apierror

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

func TestAPIErrorExistsAndConflict(t *testing.T) {
	parsecheck.Check(t, ParseAPIError, []parsecheck.Case[APIError]{
		{"apimachinery v0.36, NewAlreadyExists; Helm 3", `Helm install failed: failed to create resource: deployments.apps "orthanc" already exists`,
			APIError{Object: match.Object{Group: "apps", Resource: "deployments", Name: "orthanc"}, Problem: APIExists, Detail: `deployments.apps "orthanc" already exists`}},
		{"alone", `secrets "x" already exists`, APIError{Object: match.Object{Resource: "secrets", Name: "x"}, Problem: APIExists, Detail: `secrets "x" already exists`}},
		{"helm/helm#11188", "failed pre-install: warning: Hook pre-install chart/templates/job.yaml failed: 1 error occurred:\n\t* jobs.batch \"name-service\" already exists\n\n",
			APIError{Object: match.Object{Group: "batch", Resource: "jobs", Name: "name-service"}, Problem: APIExists, Detail: `jobs.batch "name-service" already exists`}},
		{"Helm 4.2.4, validate.go", `unable to continue with install: ClusterRole "x" in namespace "" exists and cannot be imported into the current release: invalid ownership metadata; annotation validation error: key "meta.helm.sh/release-name" must equal "b": current value is "a"`,
			APIError{Object: match.Object{Kind: "ClusterRole", Name: "x"}, Problem: APIExists, Detail: `invalid ownership metadata; annotation validation error: key "meta.helm.sh/release-name" must equal "b": current value is "a"`}},
		{"apimachinery v0.36, NewConflict", `Operation cannot be fulfilled on deployments.apps "x": the object has been modified; please apply your changes to the latest version and try again`,
			APIError{Object: match.Object{Group: "apps", Resource: "deployments", Name: "x"}, Problem: APIConflict, Detail: "the object has been modified; please apply your changes to the latest version and try again"}},
		{"NewApplyConflict", "Deployment/a/b dry-run failed (Conflict): Apply failed with 1 conflict: conflict with \"helm\" using apps/v1: .spec.replicas",
			APIError{Object: match.Object{Kind: "Deployment", Namespace: "a", Name: "b"}, Problem: APIConflict, Reason: "Conflict", Manager: "helm", Detail: `conflict with "helm" using apps/v1: .spec.replicas`}},
		{"Helm 4.2.4, patchResourceServerSide", `conflict occurred while applying object /x rbac.authorization.k8s.io/v1, Kind=ClusterRole: Apply failed with 2 conflicts: conflicts with "flux":` + "\n- .rules\n- .metadata.labels.a",
			APIError{Object: match.Object{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole", Name: "x"}, Problem: APIConflict, Manager: "flux", Detail: "conflicts with \"flux\":\n- .rules\n- .metadata.labels.a"}},
		{"a file's", `cannot write: file "x" already exists in the archive`, APIError{}},
	})
}

func TestAPIErrorTrouble(t *testing.T) {
	object := match.Object{Kind: "Foo", Namespace: "a", Name: "b"}
	parsecheck.Check(t, ParseAPIError, []parsecheck.Case[APIError]{
		{"ssa v0.76", `Foo/a/b apply failed: context deadline exceeded`, APIError{Object: object, Problem: APITimeout, Detail: "context deadline exceeded"}},
		{"apimachinery v0.36, NewTimeoutError", `Foo/a/b dry-run failed (Timeout): Timeout: request did not complete within requested timeout`, APIError{Object: object, Problem: APITimeout, Reason: "Timeout", Detail: "Timeout: request did not complete within requested timeout"}},
		{"Go's net", `Foo/a/b dry-run failed: Patch "https://10.0.0.1:443/apis/x": dial tcp 10.0.0.1:443: connect: connection refused`, APIError{Object: object, Problem: APIUnreachable, Detail: `Patch "https://10.0.0.1:443/apis/x": dial tcp 10.0.0.1:443: connect: connection refused`}},
		{"Helm 4.2.4, IsReachable", `cluster reachability check failed: kubernetes cluster unreachable: EOF`, APIError{Problem: APIUnreachable, Detail: "cluster reachability check failed: kubernetes cluster unreachable: EOF"}},
		{"helm-controller 1.6.1, diff.go", `Foo/a/b patch failure: foos.x.io "b" not found`, APIError{Object: object, Problem: APINotFound, Detail: `foos.x.io "b" not found`}},
		{"what nobody knows yet", "Foo/a/b dry-run failed (Gone): it went\nService/a/x created", APIError{Object: object, Problem: APIOther, Reason: "Gone", Detail: "it went"}},
		{"Helm 3, patching", `cannot patch "x" with kind Job: context deadline exceeded`, APIError{Object: match.Object{Kind: "Job", Name: "x"}, Problem: APITimeout, Detail: "context deadline exceeded"}},
		{"Helm 4.2.4, validate.go", `unable to continue with update: could not get information about the resource Foo "x" in namespace "a": foos.x.io "x" is forbidden: no`, APIError{Object: match.Object{Group: "x.io", Resource: "foos", Name: "x"}, Problem: APIForbidden, Detail: "no"}},
		{"Helm 4.2.4, CRDs", `failed to install CRD crds/x.yaml: unexpected`, APIError{Problem: APIOther, Detail: "failed to install CRD crds/x.yaml: unexpected"}},
		{"a wait's", `context deadline exceeded`, APIError{}},
		{"a source's", `dial tcp 10.0.0.1:443: connect: connection refused`, APIError{}},
		{"a health check's", `Foo/a/b status: 'Failed'`, APIError{}},
		{"nothing", ``, APIError{}},
	})
}

func TestAPIErrorTroubleWords(t *testing.T) {
	// apimachinery v0.36, pkg/api/errors; etcd; Go's net and net/http.
	words := map[string]APIProblem{
		"etcdserver: request timed out": APITimeout,
		"the server was unable to return a response in the time allotted, but may still be processing the request": APITimeout,
		"dial tcp 10.0.0.1:443: i/o timeout":                      APITimeout,
		"dial tcp 10.0.0.1:443: connect: no route to host":        APIUnreachable,
		"dial tcp: lookup kubernetes: no such host":               APIUnreachable,
		"the server is currently unable to handle the request":    APIUnreachable,
		"net/http: TLS handshake failure":                         APIUnreachable,
		"the server could not find the requested resource (post)": APINotFound,
	}
	for said, problem := range words {
		got, ok := ParseAPIError("Foo/a/b apply failed: " + said)
		if !ok || got.Problem != problem || got.Detail != said {
			t.Errorf("%s: %v %+v", said, ok, got)
		}
		if got, ok := ParseAPIError(said); ok {
			t.Errorf("%s, of nobody knows what: %+v", said, got)
		}
	}
}
