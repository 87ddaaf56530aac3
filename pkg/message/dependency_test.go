package message

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
)

func TestDependency(t *testing.T) {
	parsecheck.Check(t, parseDependency, []parsecheck.Case[Dependency]{
		{"kustomize-controller 1.9.6", `dependency 'flux-system/infra' is not ready`, Dependency{"flux-system", "infra", DependencyNotReady, ""}},
		{"kustomize-controller 1.9.6", `dependency 'flux-system/infra' revision is not up to date`, Dependency{"flux-system", "infra", DependencyRevisionBehind, ""}},
		{"kustomize-controller 0.29", `dependency 'flux-system/infra' is not updated yet`, Dependency{"flux-system", "infra", DependencyRevisionBehind, ""}},
		{"helm-controller 1.6.1", `dependency 'a/b' is not ready according to readyExpr eval`, Dependency{"a", "b", DependencyReadyExpr, ""}},
		{"kustomize-controller 1.9.6", `dependency 'flux-system/infar' not found: Kustomization.kustomize.toolkit.fluxcd.io "infar" not found`,
			Dependency{"flux-system", "infar", DependencyNotFound, `Kustomization.kustomize.toolkit.fluxcd.io "infar" not found`}},
		{"kustomize-controller 1.9.6, of any error", `dependency 'a/b' not found: the server is currently unable to handle the request`,
			Dependency{"a", "b", DependencyUnreadable, "the server is currently unable to handle the request"}},
		{"kustomize-controller 0.29", `unable to get 'a/b' dependency: kustomizations.kustomize.toolkit.fluxcd.io "b" not found`,
			Dependency{"a", "b", DependencyNotFound, `kustomizations.kustomize.toolkit.fluxcd.io "b" not found`}},
		{"helm-controller 1.6.1, event", `dependencies do not meet ready condition (dependency 'a/b' is not ready): retrying in 30s`, Dependency{"a", "b", DependencyNotReady, ""}},
		{"helm-controller 1.6.1, terminal", `Reconciliation failed terminally due to configuration error: failed to evaluate dependency b: undeclared reference to 'x'`,
			Dependency{"", "b", DependencyReadyExpr, "undeclared reference to 'x'"}},
		{"names none", `Dependencies do not meet ready condition, retrying in 30s`, Dependency{}},
		{"not one of Flux's", `dependency 'a/b' is not reconciled`, Dependency{}},
		{"in a sentence", `the dependency 'a/b' is not ready`, Dependency{}},
		{"a chart's", `dependency build error: failed to add remote dependency 'x'`, Dependency{}},
		{"no name", `dependency '../../etc' is not ready`, Dependency{}},
	})
}
