package message

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/message/helm"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// failed is a Helm of an install, as helm-controller 0.37 and later wrap it.
func failed(problem helm.HelmProblem, cause string) helm.Helm {
	return helm.Helm{Action: "install", Namespace: "a", Release: "orthanc", Chart: "orthanc", Version: "1.2.3+4", Problem: problem, Cause: cause}
}

const installFailed = "Helm install failed for release a/orthanc with chart orthanc@1.2.3+4: "

func TestHelm(t *testing.T) {
	check(t, helm.ParseHelm, []one[helm.Helm]{
		{"helm-controller 1.6.1, reconcile/install.go", installFailed + "something new", failed(helm.HelmOther, "something new")},
		{"reconcile/upgrade.go; Go's context", `Helm upgrade failed for release a/b with chart c@1.0.0: context deadline exceeded`,
			helm.Helm{Action: "upgrade", Namespace: "a", Release: "b", Chart: "c", Version: "1.0.0", Problem: helm.HelmNotReady, Cause: "context deadline exceeded"}},
		{"reconcile/test.go", `Helm test failed for release a/b.v3 with chart c@1.0.0: pod x failed`,
			helm.Helm{Action: "test", Namespace: "a", Release: "b", Revision: 3, Chart: "c", Version: "1.0.0", Problem: helm.HelmOther, Cause: "pod x failed"}},
		{"reconcile/rollback_remediation.go", `Helm rollback to previous release a/b.v2 with chart c@1.0.0 failed: release has no 2 version`,
			helm.Helm{Action: "rollback", Namespace: "a", Release: "b", Revision: 2, Chart: "c", Version: "1.0.0", Problem: helm.HelmOther, Cause: "release has no 2 version"}},
		{"reconcile/uninstall_remediation.go", `Helm uninstall remediation for release a/b.v1 with chart c@1.0.0 failed: timed out waiting for the condition`,
			helm.Helm{Action: "uninstall remediation", Namespace: "a", Release: "b", Revision: 1, Chart: "c", Version: "1.0.0", Problem: helm.HelmNotReady, Cause: "timed out waiting for the condition"}},
		{"fluxcd/helm-controller#151, 0.4", "Helm install failed: timed out waiting for the condition\n\nLast Helm logs:\n\ncreating 5 resource(s)", helm.Helm{Action: "install", Problem: helm.HelmNotReady, Cause: "timed out waiting for the condition"}},
		{"helm.sh/helm/v4 4.2.4, install.go, stored with the release", `Release "orthanc" failed: timed out waiting for the condition`, helm.Helm{Action: "install", Problem: helm.HelmNotReady, Cause: "timed out waiting for the condition"}},
		{"upgrade.go, likewise", `Upgrade "orthanc" failed: no`, helm.Helm{Action: "upgrade", Problem: helm.HelmOther, Cause: "no"}},
		{"action.go", installFailed + "another operation (install/upgrade/rollback) is in progress", failed(helm.HelmPending, "another operation (install/upgrade/rollback) is in progress")},
		{"install.go", installFailed + "release name check failed: cannot reuse a name that is still in use", failed(helm.HelmNameInUse, "release name check failed: cannot reuse a name that is still in use")},
		{"chart/common/util/values.go", installFailed + "values don't meet the specifications of the schema(s) in the following chart(s):\northanc:\n- at '': x", failed(helm.HelmSchema, "values don't meet the specifications of the schema(s) in the following chart(s):\northanc:\n- at '': x")},
		{"action.go", installFailed + "chart requires kubeVersion: >=1.40.0 which is incompatible with Kubernetes v1.36.3", failed(helm.HelmKubernetesVersion, "chart requires kubeVersion: >=1.40.0 which is incompatible with Kubernetes v1.36.3")},
		{"a request that timed out is no wait", installFailed + "failed to create resource: context deadline exceeded", failed(helm.HelmOther, "failed to create resource: context deadline exceeded")},
		{"it went well", `Helm install succeeded for release a/b.v1 with chart c@1.0.0`, helm.Helm{}},
		{"it runs", `Running 'install' action with timeout of 5m0s`, helm.Helm{}},
		{"a bare time-out", `context deadline exceeded`, helm.Helm{}},
		{"no release", `Helm install failed for release ../x with chart c@1.0.0: no`, helm.Helm{}},
	})
}

func TestHelmGivenUp(t *testing.T) {
	check(t, helm.ParseHelm, []one[helm.Helm]{
		{"helm-controller 1.6.1, atomic_release.go", `Failed to install after 4 attempt(s)`, helm.Helm{Action: "install", Problem: helm.HelmRetriesExhausted, Attempts: 4, Cause: "Failed to install after 4 attempt(s)"}},
		{"helm-controller 0.36", `upgrade retries exhausted`, helm.Helm{Action: "upgrade", Problem: helm.HelmRetriesExhausted, Cause: "upgrade retries exhausted"}},
		{"atomic_release.go", `exceeded maximum retries: cannot remediate failed release`, helm.Helm{Problem: helm.HelmRetriesExhausted, Cause: "exceeded maximum retries: cannot remediate failed release"}},
		{"atomic_release.go", `Failed to perform remediation: missing target release for rollback: cannot remediate failed release`, helm.Helm{Action: "rollback", Problem: helm.HelmNoRollbackTarget, Cause: "Failed to perform remediation: missing target release for rollback: cannot remediate failed release"}},
		{"wrapped", `Helm rollback failed: missing target release for rollback: required to rollback`, helm.Helm{Action: "rollback", Problem: helm.HelmNoRollbackTarget, Cause: "missing target release for rollback: required to rollback"}},
		{"not one of Flux's", `Failed to bake after 4 attempt(s)`, helm.Helm{}},
	})
}

func TestHelmValues(t *testing.T) {
	secret := match.Object{Kind: "Secret", Namespace: "a", Name: "b"}
	values := func(from, message string, want helm.ValuesReference) one[helm.Helm] {
		return one[helm.Helm]{from, message, helm.Helm{Problem: helm.HelmValues, Cause: message, Values: want}}
	}
	check(t, helm.ParseHelm, []one[helm.Helm]{
		values("fluxcd/pkg/chartutil v1.27, values.go", `could not resolve Secret chart values reference 'a/b' with key 'values.yaml': secrets "b" not found`,
			helm.ValuesReference{Object: secret, Key: "values.yaml", Missing: true, Detail: `secrets "b" not found`}),
		values("the same", `could not resolve optional ConfigMap chart values reference 'a/b': resource not found`,
			helm.ValuesReference{Object: match.Object{Kind: "ConfigMap", Namespace: "a", Name: "b"}, Missing: true, Detail: "resource not found"}),
		values("the same", `could not resolve Secret chart values reference 'a/b' with key 'x': key not found`,
			helm.ValuesReference{Object: secret, Key: "x", MissingKey: true, Detail: "key not found"}),
		values("fluxcd/flux2#5221", `could not resolve Secret chart values reference 'a/b' with key 'x': error unmarshaling JSON: while decoding JSON`,
			helm.ValuesReference{Object: secret, Key: "x", Detail: "error unmarshaling JSON: while decoding JSON"}),
		values("helm-controller 0.36", `could not find Secret 'a/b'`, helm.ValuesReference{Object: secret, Missing: true}),
		values("hmcts/sds-flux-config#2085, 0.22", `missing key 'values.yaml' in Secret 'a/b'`, helm.ValuesReference{Object: secret, Key: "values.yaml", MissingKey: true}),
		values("fluxcd/helm-controller#123", `unable to merge value from key 'sharedSecret' in Secret 'a/b' into target path 'config.sharedSecret': unable to parse key: assignment to entry in nil map`,
			helm.ValuesReference{Object: secret, Key: "sharedSecret", Detail: "into target path 'config.sharedSecret': unable to parse key: assignment to entry in nil map"}),
		{"of another kind", `could not find Widget 'a/b'`, helm.Helm{}},
		{"not a name", `could not find Secret '../b'`, helm.Helm{}},
	})
}
