package helm

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/healthcheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

func TestHelmState(t *testing.T) {
	stored := `unable to build kubernetes objects from current release manifest: resource mapping not found for name: "db" namespace: "a" from "": no matches for kind "PodDisruptionBudget" in version "policy/v1beta1"` + "\nensure CRDs are installed first"
	parsecheck.Check(t, Parse, []parsecheck.Case[Failure]{
		{"helm.sh/helm/v4 4.2.4, action/upgrade.go", installFailed + stored, failed(ProblemStoredManifest, stored)},
		{"the same, uninstalling", installFailed + `unable to build kubernetes objects for delete: no matches for kind "X" in version "v1"`,
			failed(ProblemStoredManifest, `unable to build kubernetes objects for delete: no matches for kind "X" in version "v1"`)},
		{"of the chart, not of what is stored", installFailed + `unable to build kubernetes objects from new release manifest: no matches for kind "X" in version "v1"`,
			failed(ProblemOther, `unable to build kubernetes objects from new release manifest: no matches for kind "X" in version "v1"`)},
		{"helm.sh/helm/v4 4.2.4, action/upgrade.go; Go's context", installFailed + "context canceled", failed(ProblemCanceled, "context canceled")},
		{"helm.sh/helm/v4 4.2.4, cmd/install.go", installFailed + "release orthanc has been cancelled", failed(ProblemCanceled, "release orthanc has been cancelled")},
		{"after what it waited for", installFailed + "resource Deployment/a/b not ready. status: InProgress, message: x\ncontext canceled",
			func() Failure {
				want := failed(ProblemCanceled, "resource Deployment/a/b not ready. status: InProgress, message: x\ncontext canceled")
				want.Objects = []healthcheck.Item{item("Deployment", "a", "b", "InProgress", "x")}
				return want
			}()},
		{"helm-controller 1.6.1, atomic_release.go", "atomic release canceled: context canceled", Failure{Problem: ProblemCanceled, Cause: "atomic release canceled: context canceled"}},
		{"helm-controller 1.6.1, helmrelease_controller.go", "New reconciliation triggered by Secret/a/values", Failure{Problem: ProblemCanceled, Cause: "New reconciliation triggered by Secret/a/values", Trigger: match.Object{Kind: "Secret", Namespace: "a", Name: "values"}}},
		{"the same, in an event", "Health checks canceled due to new reconciliation triggered by HelmChart/a/b", Failure{Problem: ProblemCanceled, Cause: "Health checks canceled due to new reconciliation triggered by HelmChart/a/b", Trigger: match.Object{Kind: "HelmChart", Namespace: "a", Name: "b"}}},
		{"helm.sh/helm/v4 4.2.4, storage/driver/driver.go", installFailed + `"orthanc" has no deployed releases`, failed(ProblemNoDeployed, `"orthanc" has no deployed releases`)},
		{"helm.sh/helm/v4 4.2.4, action.go", installFailed + "error while running post render on files: no matches for Id Deployment.v1.apps/x.[noNs]; failed to find unique target for patch", failed(ProblemPostRender, "error while running post render on files: no matches for Id Deployment.v1.apps/x.[noNs]; failed to find unique target for patch")},
		{"helm-controller 1.6.1, unlock.go", "Unlocked Helm release a/b.v2 with chart c@1.0.0 in pending-upgrade state",
			Failure{Namespace: "a", Release: "b", Revision: 2, Chart: "c", Version: "1.0.0", Problem: ProblemPending, Cause: "Unlocked Helm release a/b.v2 with chart c@1.0.0 in pending-upgrade state"}},
		{"the same", "Unlock of Helm release a/b.v2 with chart c@1.0.0 in pending-install state failed: no",
			Failure{Namespace: "a", Release: "b", Revision: 2, Chart: "c", Version: "1.0.0", Problem: ProblemPending, Cause: "Unlock of Helm release a/b.v2 with chart c@1.0.0 in pending-install state failed: no"}},
	})
}

func TestHelmRecord(t *testing.T) {
	named := func(problem Problem, cause string) Failure {
		want := failed(problem, cause)
		want.Record = "sh.helm.release.v1.db.v3"
		return want
	}
	parsecheck.Check(t, Parse, []parsecheck.Case[Failure]{
		{"helm.sh/helm/v3 3.19, pkg/action/install.go", installFailed + "cannot re-use a name that is still in use", failed(ProblemNameInUse, "cannot re-use a name that is still in use")},
		{"helm.sh/helm/v4 4.2.4", installFailed + "cannot reuse a name that is still in use", failed(ProblemNameInUse, "cannot reuse a name that is still in use")},
		{"helm.sh/helm/v3 3.19, pkg/storage/driver/driver.go", installFailed + "release: already exists", failed(ProblemRecordExists, "release: already exists")},
		{"the same, secrets.go", installFailed + `create: failed to create: secrets "sh.helm.release.v1.db.v3" already exists`, named(ProblemRecordExists, `create: failed to create: secrets "sh.helm.release.v1.db.v3" already exists`)},
		{"of an object of the chart", installFailed + `failed to create resource: secrets "db" already exists`, failed(ProblemOther, `failed to create resource: secrets "db" already exists`)},
		{"the same, Get", installFailed + `get: failed to decode data "sh.helm.release.v1.db.v3": unexpected EOF`, named(ProblemRecordUnreadable, `get: failed to decode data "sh.helm.release.v1.db.v3": unexpected EOF`)},
		{"the same, List", installFailed + "failed to decode release: gzip: invalid header", failed(ProblemRecordUnreadable, "failed to decode release: gzip: invalid header")},
		{"the same, ErrReleaseNotFound", installFailed + "uninstall: Release not loaded: db: release: not found", failed(ProblemRecordMissing, "uninstall: Release not loaded: db: release: not found")},
		{"of a Secret that the chart needs", installFailed + `secrets "db" not found`, failed(ProblemOther, `secrets "db" not found`)},
	})
}

func TestOwnership(t *testing.T) {
	parsecheck.Check(t, ParseOwnership, []parsecheck.Case[Ownership]{
		{"helm.sh/helm/v4 4.2.4, action/validate.go", `invalid ownership metadata; annotation validation error: key "meta.helm.sh/release-name" must equal "b": current value is "a"; annotation validation error: key "meta.helm.sh/release-namespace" must equal "y": current value is "x"`,
			Ownership{Name: "a", Namespace: "x", WantName: "b", WantNamespace: "y"}},
		{"the same, of no release", `invalid ownership metadata; label validation error: missing key "app.kubernetes.io/managed-by": must be set to "Helm"; annotation validation error: missing key "meta.helm.sh/release-name": must be set to "b"; annotation validation error: missing key "meta.helm.sh/release-namespace": must be set to "y"`,
			Ownership{WantName: "b", WantNamespace: "y", Unmanaged: true}},
		{"the same, managed by something else", `invalid ownership metadata; label validation error: key "app.kubernetes.io/managed-by" must equal "Helm": current value is "argocd"; annotation validation error: missing key "meta.helm.sh/release-name": must be set to "b"`,
			Ownership{WantName: "b", Manager: "argocd", Unmanaged: true}},
		{"nothing of the sort", `key "x" must equal "y": current value is "z"`, Ownership{}},
	})
}
