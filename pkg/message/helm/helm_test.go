package helm

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// failed is a Failure of an install, as helm-controller 0.37 and later wrap it.
func failed(problem Problem, cause string) Failure {
	return Failure{Action: "install", Namespace: "a", Release: "orthanc", Chart: "orthanc", Version: "1.2.3+4", Problem: problem, Cause: cause}
}

const installFailed = "Helm install failed for release a/orthanc with chart orthanc@1.2.3+4: "

func TestHelm(t *testing.T) {
	parsecheck.Check(t, Parse, []parsecheck.Case[Failure]{
		{"helm-controller 1.6.1, reconcile/install.go", installFailed + "something new", failed(ProblemOther, "something new")},
		{"reconcile/upgrade.go; Go's context", `Helm upgrade failed for release a/b with chart c@1.0.0: context deadline exceeded`,
			Failure{Action: "upgrade", Namespace: "a", Release: "b", Chart: "c", Version: "1.0.0", Problem: ProblemNotReady, Cause: "context deadline exceeded"}},
		{"reconcile/test.go", `Helm test failed for release a/b.v3 with chart c@1.0.0: pod x failed`,
			Failure{Action: "test", Namespace: "a", Release: "b", Revision: 3, Chart: "c", Version: "1.0.0", Problem: ProblemOther, Cause: "pod x failed"}},
		{"reconcile/rollback_remediation.go", `Helm rollback to previous release a/b.v2 with chart c@1.0.0 failed: release has no 2 version`,
			Failure{Action: "rollback", Namespace: "a", Release: "b", Revision: 2, Chart: "c", Version: "1.0.0", Problem: ProblemOther, Cause: "release has no 2 version"}},
		{"reconcile/uninstall_remediation.go", `Helm uninstall remediation for release a/b.v1 with chart c@1.0.0 failed: timed out waiting for the condition`,
			Failure{Action: "uninstall remediation", Namespace: "a", Release: "b", Revision: 1, Chart: "c", Version: "1.0.0", Problem: ProblemNotReady, Cause: "timed out waiting for the condition"}},
		{"fluxcd/helm-controller#151, 0.4", "Helm install failed: timed out waiting for the condition\n\nLast Helm logs:\n\ncreating 5 resource(s)", Failure{Action: "install", Problem: ProblemNotReady, Cause: "timed out waiting for the condition"}},
		{"helm.sh/helm/v4 4.2.4, install.go, stored with the release", `Release "orthanc" failed: timed out waiting for the condition`, Failure{Action: "install", Problem: ProblemNotReady, Cause: "timed out waiting for the condition"}},
		{"upgrade.go, likewise", `Upgrade "orthanc" failed: no`, Failure{Action: "upgrade", Problem: ProblemOther, Cause: "no"}},
		{"action.go", installFailed + "another operation (install/upgrade/rollback) is in progress", failed(ProblemPending, "another operation (install/upgrade/rollback) is in progress")},
		{"install.go", installFailed + "release name check failed: cannot reuse a name that is still in use", failed(ProblemNameInUse, "release name check failed: cannot reuse a name that is still in use")},
		{"chart/common/util/values.go", installFailed + "values don't meet the specifications of the schema(s) in the following chart(s):\northanc:\n- at '': x", failed(ProblemSchema, "values don't meet the specifications of the schema(s) in the following chart(s):\northanc:\n- at '': x")},
		{"action.go", installFailed + "chart requires kubeVersion: >=1.40.0 which is incompatible with Kubernetes v1.36.3", failed(ProblemKubernetesVersion, "chart requires kubeVersion: >=1.40.0 which is incompatible with Kubernetes v1.36.3")},
		{"a request that timed out is no wait", installFailed + "failed to create resource: context deadline exceeded", failed(ProblemOther, "failed to create resource: context deadline exceeded")},
		{"it went well", `Helm install succeeded for release a/b.v1 with chart c@1.0.0`, Failure{}},
		{"it runs", `Running 'install' action with timeout of 5m0s`, Failure{}},
		{"a bare time-out", `context deadline exceeded`, Failure{}},
		{"no release", `Helm install failed for release ../x with chart c@1.0.0: no`, Failure{}},
	})
}

func TestHelmGivenUp(t *testing.T) {
	parsecheck.Check(t, Parse, []parsecheck.Case[Failure]{
		{"helm-controller 1.6.1, atomic_release.go", `Failed to install after 4 attempt(s)`, Failure{Action: "install", Problem: ProblemRetriesExhausted, Attempts: 4, Cause: "Failed to install after 4 attempt(s)"}},
		{"helm-controller 0.36", `upgrade retries exhausted`, Failure{Action: "upgrade", Problem: ProblemRetriesExhausted, Cause: "upgrade retries exhausted"}},
		{"atomic_release.go", `exceeded maximum retries: cannot remediate failed release`, Failure{Problem: ProblemRetriesExhausted, Cause: "exceeded maximum retries: cannot remediate failed release"}},
		{"atomic_release.go", `Failed to perform remediation: missing target release for rollback: cannot remediate failed release`, Failure{Action: "rollback", Problem: ProblemNoRollbackTarget, Cause: "Failed to perform remediation: missing target release for rollback: cannot remediate failed release"}},
		{"wrapped", `Helm rollback failed: missing target release for rollback: required to rollback`, Failure{Action: "rollback", Problem: ProblemNoRollbackTarget, Cause: "missing target release for rollback: required to rollback"}},
		{"not one of Flux's", `Failed to bake after 4 attempt(s)`, Failure{}},
	})
}

func TestHelmValues(t *testing.T) {
	secret := match.Object{Kind: "Secret", Namespace: "a", Name: "b"}
	values := func(from, message string, want ValuesReference) parsecheck.Case[Failure] {
		return parsecheck.Case[Failure]{from, message, Failure{Problem: ProblemValues, Cause: message, Values: want}}
	}
	parsecheck.Check(t, Parse, []parsecheck.Case[Failure]{
		values("fluxcd/pkg/chartutil v1.27, values.go", `could not resolve Secret chart values reference 'a/b' with key 'values.yaml': secrets "b" not found`,
			ValuesReference{Object: secret, Key: "values.yaml", Missing: true, Detail: `secrets "b" not found`}),
		values("the same", `could not resolve optional ConfigMap chart values reference 'a/b': resource not found`,
			ValuesReference{Object: match.Object{Kind: "ConfigMap", Namespace: "a", Name: "b"}, Missing: true, Detail: "resource not found"}),
		values("the same", `could not resolve Secret chart values reference 'a/b' with key 'x': key not found`,
			ValuesReference{Object: secret, Key: "x", MissingKey: true, Detail: "key not found"}),
		values("fluxcd/flux2#5221", `could not resolve Secret chart values reference 'a/b' with key 'x': error unmarshaling JSON: while decoding JSON`,
			ValuesReference{Object: secret, Key: "x", Detail: "error unmarshaling JSON: while decoding JSON"}),
		values("helm-controller 0.36", `could not find Secret 'a/b'`, ValuesReference{Object: secret, Missing: true}),
		values("hmcts/sds-flux-config#2085, 0.22", `missing key 'values.yaml' in Secret 'a/b'`, ValuesReference{Object: secret, Key: "values.yaml", MissingKey: true}),
		values("fluxcd/helm-controller#123", `unable to merge value from key 'sharedSecret' in Secret 'a/b' into target path 'config.sharedSecret': unable to parse key: assignment to entry in nil map`,
			ValuesReference{Object: secret, Key: "sharedSecret", Detail: "into target path 'config.sharedSecret': unable to parse key: assignment to entry in nil map"}),
		{"of another kind", `could not find Widget 'a/b'`, Failure{}},
		{"not a name", `could not find Secret '../b'`, Failure{}},
	})
}
