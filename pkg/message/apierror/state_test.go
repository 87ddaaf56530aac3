package apierror

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

func TestAPIErrorExistsAndConflict(t *testing.T) {
	parsecheck.Check(t, Parse, []parsecheck.Case[Error]{
		{"apimachinery v0.36, NewAlreadyExists; Helm 3", `Helm install failed: failed to create resource: deployments.apps "orthanc" already exists`,
			Error{Object: match.Object{Group: "apps", Resource: "deployments", Name: "orthanc"}, Problem: ProblemExists, Detail: `deployments.apps "orthanc" already exists`}},
		{"alone", `secrets "x" already exists`, Error{Object: match.Object{Resource: "secrets", Name: "x"}, Problem: ProblemExists, Detail: `secrets "x" already exists`}},
		{"helm/helm#11188", "failed pre-install: warning: Hook pre-install chart/templates/job.yaml failed: 1 error occurred:\n\t* jobs.batch \"name-service\" already exists\n\n",
			Error{Object: match.Object{Group: "batch", Resource: "jobs", Name: "name-service"}, Problem: ProblemExists, Detail: `jobs.batch "name-service" already exists`}},
		{"Helm 4.2.4, validate.go", `unable to continue with install: ClusterRole "x" in namespace "" exists and cannot be imported into the current release: invalid ownership metadata; annotation validation error: key "meta.helm.sh/release-name" must equal "b": current value is "a"`,
			Error{Object: match.Object{Kind: "ClusterRole", Name: "x"}, Problem: ProblemExists, Detail: `invalid ownership metadata; annotation validation error: key "meta.helm.sh/release-name" must equal "b": current value is "a"`}},
		{"apimachinery v0.36, NewConflict", `Operation cannot be fulfilled on deployments.apps "x": the object has been modified; please apply your changes to the latest version and try again`,
			Error{Object: match.Object{Group: "apps", Resource: "deployments", Name: "x"}, Problem: ProblemConflict, Detail: "the object has been modified; please apply your changes to the latest version and try again"}},
		{"NewApplyConflict", "Deployment/a/b dry-run failed (Conflict): Apply failed with 1 conflict: conflict with \"helm\" using apps/v1: .spec.replicas",
			Error{Object: match.Object{Kind: "Deployment", Namespace: "a", Name: "b"}, Problem: ProblemConflict, Reason: "Conflict", Manager: "helm", Detail: `conflict with "helm" using apps/v1: .spec.replicas`}},
		{"Helm 4.2.4, patchResourceServerSide", `conflict occurred while applying object /x rbac.authorization.k8s.io/v1, Kind=ClusterRole: Apply failed with 2 conflicts: conflicts with "flux":` + "\n- .rules\n- .metadata.labels.a",
			Error{Object: match.Object{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole", Name: "x"}, Problem: ProblemConflict, Manager: "flux", Detail: "conflicts with \"flux\":\n- .rules\n- .metadata.labels.a"}},
		{"a file's", `cannot write: file "x" already exists in the archive`, Error{}},
	})
}

func TestAPIErrorTrouble(t *testing.T) {
	object := match.Object{Kind: "Foo", Namespace: "a", Name: "b"}
	parsecheck.Check(t, Parse, []parsecheck.Case[Error]{
		{"ssa v0.76", `Foo/a/b apply failed: context deadline exceeded`, Error{Object: object, Problem: ProblemTimeout, Detail: "context deadline exceeded"}},
		{"apimachinery v0.36, NewTimeoutError", `Foo/a/b dry-run failed (Timeout): Timeout: request did not complete within requested timeout`, Error{Object: object, Problem: ProblemTimeout, Reason: "Timeout", Detail: "Timeout: request did not complete within requested timeout"}},
		{"Go's net", `Foo/a/b dry-run failed: Patch "https://10.0.0.1:443/apis/x": dial tcp 10.0.0.1:443: connect: connection refused`, Error{Object: object, Problem: ProblemUnreachable, Detail: `Patch "https://10.0.0.1:443/apis/x": dial tcp 10.0.0.1:443: connect: connection refused`}},
		{"Helm 4.2.4, IsReachable", `cluster reachability check failed: kubernetes cluster unreachable: EOF`, Error{Problem: ProblemUnreachable, Detail: "cluster reachability check failed: kubernetes cluster unreachable: EOF"}},
		{"helm-controller 1.6.1, diff.go", `Foo/a/b patch failure: foos.x.io "b" not found`, Error{Object: object, Problem: ProblemNotFound, Detail: `foos.x.io "b" not found`}},
		{"what nobody knows yet", "Foo/a/b dry-run failed (Gone): it went\nService/a/x created", Error{Object: object, Problem: ProblemOther, Reason: "Gone", Detail: "it went"}},
		{"Helm 3, patching", `cannot patch "x" with kind Job: context deadline exceeded`, Error{Object: match.Object{Kind: "Job", Name: "x"}, Problem: ProblemTimeout, Detail: "context deadline exceeded"}},
		{"Helm 4.2.4, validate.go", `unable to continue with update: could not get information about the resource Foo "x" in namespace "a": foos.x.io "x" is forbidden: no`, Error{Object: match.Object{Group: "x.io", Resource: "foos", Name: "x"}, Problem: ProblemForbidden, Detail: "no"}},
		{"Helm 4.2.4, CRDs", `failed to install CRD crds/x.yaml: unexpected`, Error{Problem: ProblemOther, Detail: "failed to install CRD crds/x.yaml: unexpected"}},
		{"a wait's", `context deadline exceeded`, Error{}},
		{"a source's", `dial tcp 10.0.0.1:443: connect: connection refused`, Error{}},
		{"a health check's", `Foo/a/b status: 'Failed'`, Error{}},
		{"nothing", ``, Error{}},
	})
}

func TestAPIErrorMessages(t *testing.T) {
	// The sources are apimachinery v0.36, pkg/api/errors; etcd; Go's net and net/http.
	words := map[string]Problem{
		"etcdserver: request timed out": ProblemTimeout,
		"the server was unable to return a response in the time allotted, but may still be processing the request": ProblemTimeout,
		"dial tcp 10.0.0.1:443: i/o timeout":                      ProblemTimeout,
		"dial tcp 10.0.0.1:443: connect: no route to host":        ProblemUnreachable,
		"dial tcp: lookup kubernetes: no such host":               ProblemUnreachable,
		"the server is currently unable to handle the request":    ProblemUnreachable,
		"net/http: TLS handshake failure":                         ProblemUnreachable,
		"the server could not find the requested resource (post)": ProblemNotFound,
	}
	for message, problem := range words {
		got, ok := Parse("Foo/a/b apply failed: " + message)
		if !ok || got.Problem != problem || got.Detail != message {
			t.Errorf("%s: %v %+v", message, ok, got)
		}
		if got, ok := Parse(message); ok {
			t.Errorf("%s, of nobody knows what: %+v", message, got)
		}
	}
}
