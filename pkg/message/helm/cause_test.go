package helm

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/healthcheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

func item(kind, namespace, name, status, text string) healthcheck.Item {
	return healthcheck.Item{Object: match.Object{Kind: kind, Namespace: namespace, Name: name}, Status: status, Error: text}
}

func TestHelmTemplate(t *testing.T) {
	at := func(from, cause string, at, within Position) parsecheck.Case[Failure] {
		want := failed(ProblemTemplate, cause)
		want.At, want.Within = at, within
		return parsecheck.Case[Failure]{from, installFailed + cause, want}
	}
	here := func(from, cause string, place Position) parsecheck.Case[Failure] {
		return at(from, cause, place, place)
	}
	parsecheck.Check(t, Parse, []parsecheck.Case[Failure]{
		here("Go's text/template, through Helm 3", `template: orthanc/templates/d.yaml:12:20: executing "orthanc/templates/d.yaml" at <.Values.a.b>: nil pointer evaluating interface {}.b`,
			Position{File: "orthanc/templates/d.yaml", Line: 12, Column: 20, Rendered: false}),
		at("Helm 3, of one within another", `template: orthanc/templates/d.yaml:5:10: executing "orthanc/templates/d.yaml" at <include "orthanc.name" .>: error calling include: template: orthanc/templates/_helpers.tpl:22:14: executing "orthanc.name" at <.Values.x.y>: nil pointer evaluating interface {}.y`,
			Position{File: "orthanc/templates/d.yaml", Line: 5, Column: 10, Rendered: false}, Position{File: "orthanc/templates/_helpers.tpl", Line: 22, Column: 14, Rendered: false}),
		at("helm.sh/helm/v4 4.2.4, engine.go, reformatExecErrorMsg", "orthanc/templates/d.yaml:5:10\n  executing \"orthanc/templates/d.yaml\" at <include \"orthanc.name\" .>:\n    error calling include:\northanc/templates/_helpers.tpl:22:14\n  executing \"orthanc.name\" at <.Values.x.y>:\n    nil pointer evaluating interface {}.y",
			Position{File: "orthanc/templates/d.yaml", Line: 5, Column: 10, Rendered: false}, Position{File: "orthanc/templates/_helpers.tpl", Line: 22, Column: 14, Rendered: false}),
		here("engine.go, a value that is required", `execution error at (orthanc/templates/d.yaml:3:4): a password is required`, Position{File: "orthanc/templates/d.yaml", Line: 3, Column: 4, Rendered: false}),
		here("engine.go, cleanupParseError", `parse error at (orthanc/templates/d.yaml:12): unexpected "}" in operand`, Position{File: "orthanc/templates/d.yaml", Line: 12, Column: 0, Rendered: false}),
		here("VictoriaMetrics/helm-charts#6; manifest_sorter.go", `YAML parse error on victoria-metrics-cluster/templates/clusterrole.yaml: error converting YAML to JSON: yaml: line 7: did not find expected key`,
			Position{File: "victoria-metrics-cluster/templates/clusterrole.yaml", Line: 7, Column: 0, Rendered: true}),
		here("with a post renderer; helm v4.2.4, action.go", `error merging manifests: parsing postgresql-ha/templates/pgpool.yaml: MalformedYAMLError: yaml: line 36: mapping values are not allowed in this context`,
			Position{File: "postgresql-ha/templates/pgpool.yaml", Line: 36, Column: 0, Rendered: true}),
		here("the same, without a line", `YAML parse error on orthanc/templates/d.yaml: json: cannot unmarshal`, Position{File: "orthanc/templates/d.yaml", Line: 0, Column: 0, Rendered: false}),
		{"alone, as an event may have it", `parse error at (orthanc/templates/d.yaml:12): unexpected EOF`,
			Failure{Problem: ProblemTemplate, Cause: "parse error at (orthanc/templates/d.yaml:12): unexpected EOF", At: Position{File: "orthanc/templates/d.yaml", Line: 12, Column: 0, Rendered: false}, Within: Position{File: "orthanc/templates/d.yaml", Line: 12, Column: 0, Rendered: false}}},
		{"of no template", `parse error at line 12`, Failure{}},
		{"YAML of something else", `error converting YAML to JSON: yaml: line 7: x`, Failure{}},
	})
}

func TestHelmHook(t *testing.T) {
	hook := func(from, cause, name string, objects ...healthcheck.Item) parsecheck.Case[Failure] {
		want := failed(ProblemHook, cause)
		want.Hook, want.Objects = name, objects
		return parsecheck.Case[Failure]{from, installFailed + cause, want}
	}
	parsecheck.Check(t, Parse, []parsecheck.Case[Failure]{
		hook("helm/helm#11188, Helm 3", `failed pre-install: job failed: BackoffLimitExceeded`, "pre-install", item("Job", "", "", "Failed", "BackoffLimitExceeded")),
		hook("Helm 3.14 and later", "failed pre-install: 1 error occurred:\n\t* job migrate failed: BackoffLimitExceeded", "pre-install", item("Job", "", "migrate", "Failed", "BackoffLimitExceeded")),
		hook("helm.sh/helm/v4 4.2.4, upgrade.go, wait.go", `pre-upgrade hooks failed: pod orthanc-test failed`, "pre-upgrade", item("Pod", "", "orthanc-test", "Failed", "")),
		hook("ready.go", `failed post-install: job is failed: a/migrate`, "post-install", item("Job", "a", "migrate", "Failed", "")),
		hook("statuswait.go", "failed pre-install: resource Job/a/migrate not ready. status: Failed, message: Job Failed. failed: 1/1\ncontext deadline exceeded", "pre-install", item("Job", "a", "migrate", "Failed", "Job Failed. failed: 1/1")),
		hook("SUSE/suse-ai-up#26", `pre-upgrade hooks failed: context deadline exceeded`, "pre-upgrade"),
		hook("hooks.go", `warning: Hook pre-install orthanc/templates/job.yaml failed: no`, "pre-install"),
		hook("hooks.go", `unable to build kubernetes object for pre-install hook orthanc/templates/job.yaml: no matches for kind "X" in version "v1"`, "pre-install"),
		{"it is no hook", `the pre-install hook ran`, Failure{}},
		{"no such hook", `failed pre-bake: no`, Failure{}},
	})
}

func TestHelmNotReady(t *testing.T) {
	waited := func(from, cause string, objects ...healthcheck.Item) parsecheck.Case[Failure] {
		want := failed(ProblemNotReady, cause)
		want.Objects = objects
		return parsecheck.Case[Failure]{from, installFailed + cause, want}
	}
	parsecheck.Check(t, Parse, []parsecheck.Case[Failure]{
		waited("helm.sh/helm/v4 4.2.4, statuswait.go", "resource Deployment/a/orthanc not ready. status: InProgress, message: Available: 0/3\nresource ClusterRole//x not ready. status: NotFound, message: Resource not found\ncontext deadline exceeded",
			item("Deployment", "a", "orthanc", "InProgress", "Available: 0/3"), item("ClusterRole", "", "x", "NotFound", "Resource not found")),
		waited("Helm 3.18", "resource not ready, name: orthanc, kind: Deployment, status: InProgress\ncontext deadline exceeded", item("Deployment", "", "orthanc", "InProgress", "")),
		waited("statuswait.go, uninstalling", "resource PersistentVolumeClaim/a/data still exists. status: Terminating, message: x", item("PersistentVolumeClaim", "a", "data", "Terminating", "x")),
		waited("client-go, rate limiting", "client rate limiter Wait returned an error: rate: Wait(n=1) would exceed context deadline"),
		{"alone", "resource Deployment/a/b not ready. status: InProgress, message: x", Failure{Problem: ProblemNotReady, Cause: "resource Deployment/a/b not ready. status: InProgress, message: x", Objects: []healthcheck.Item{item("Deployment", "a", "b", "InProgress", "x")}}},
		{"no such status", "resource Deployment/a/b not ready. status: Green, message: x", Failure{}},
	})
}
