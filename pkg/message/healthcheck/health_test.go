package healthcheck

import (
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

func item(kind, namespace, name, status, reported string) Item {
	return Item{Object: match.Object{Kind: kind, Namespace: namespace, Name: name}, Status: status, Error: reported}
}

func TestHealthCheck(t *testing.T) {
	parsecheck.Check(t, Parse, []parsecheck.Case[Failure]{
		{"fluxcd/pkg/ssa v0.76, manager_wait.go; kustomize-controller 1.9.6",
			`health check failed after 9m30.0231s: timeout waiting for: [Deployment/orthanc-bhs/orthanc status: 'InProgress', ClusterIssuer/ca status: 'NotFound']`,
			Failure{After: 9*time.Minute + 30*time.Second + 23100*time.Microsecond, Items: []Item{
				item("Deployment", "orthanc-bhs", "orthanc", "InProgress", ""), item("ClusterIssuer", "", "ca", "NotFound", "")}}},
		{"the same, from ssa 1.1 on", `Health check failed after 30.5s: failed early due to stalled resources: [HelmRelease/a/b status: 'Failed']`,
			Failure{After: 30500 * time.Millisecond, Stalled: true, Items: []Item{item("HelmRelease", "a", "b", "Failed", "")}}},
		{"fluxcd/kustomize-controller#709, 0.26.3", `Health check failed after 2m0.013489487s, timeout waiting for: [HelmRelease/wpb-services/httpbin status: 'InProgress']`,
			Failure{After: 2*time.Minute + 13489487, Items: []Item{item("HelmRelease", "wpb-services", "httpbin", "InProgress", "")}}},
		{"the Healthy condition, from 0.30 on", `timeout waiting for: [Job/a/migrate status: 'Unknown']`,
			Failure{Items: []Item{item("Job", "a", "migrate", "Unknown", "")}}},
		{"an error with commas, brackets and quotes", `timeout waiting for: [Foo/a/b status: 'Unknown': failed to list [v1, v2], 'x', y: [z], Bar/c status: 'Current']`,
			Failure{Items: []Item{item("Foo", "a", "b", "Unknown", "failed to list [v1, v2], 'x', y: [z]"), item("Bar", "", "c", "Current", "")}}},
		{"manager_wait.go, never seen", `timeout waiting for: [can't determine status for Foo/a/b, Role/a/system:x (unknown status)]`,
			Failure{Items: []Item{item("Foo", "a", "b", "", ""), item("Role", "a", "system:x", "", "")}}},
		{"fluxcd/flux2#1193, kustomize-controller 0.14", `Health check timed out for [deployments.apps 'keycloak-operator/keycloak-operator', Deployment 'foo/bar', ClusterIssuer '/ca']`,
			Failure{Items: []Item{
				{Object: match.Object{Resource: "deployments", Group: "apps", Namespace: "keycloak-operator", Name: "keycloak-operator"}},
				item("Deployment", "foo", "bar", "", ""), item("ClusterIssuer", "", "ca", "", "")}}},
		{"the collector's error, manager_wait.go", `health check failed after 10s: client rate limiter Wait returned an error: context deadline exceeded`,
			Failure{After: 10 * time.Second, Other: "client rate limiter Wait returned an error: context deadline exceeded"}},
		{"cut off in an item", `timeout waiting for: [Foo/a/b status: 'Failed', Deployment/monitoring/prom...`,
			Failure{Truncated: true, Items: []Item{item("Foo", "a", "b", "Failed", "")}}},
		{"cut off in an error", `timeout waiting for: [Foo/a/b status: 'Failed': it is, well...`,
			Failure{Truncated: true, Items: []Item{item("Foo", "a", "b", "Failed", "it is, well...")}}},
		{"cut off in a name", `timeout waiting for: [Foo/a/b status: 'Failed', can't determine status for Foo/a/b`,
			Failure{Truncated: true, Items: []Item{item("Foo", "a", "b", "Failed", "")}}},
		{"it runs still", `Running health checks for revision main@sha1:0123456 with a timeout of 9m30s`, Failure{}},
		{"it passed", `Health check passed in 12.3s`, Failure{}},
		{"an empty list", `timeout waiting for: []`, Failure{}},
		{"no such status", `timeout waiting for: [Foo/a/b status: 'Green']`, Failure{}},
		{"no duration", `health check failed after a while: timeout waiting for: [Foo/a/b status: 'Failed']`, Failure{}},
		{"no duration that Go reads", `health check failed after 9.9.9s: timeout waiting for: [Foo/a/b status: 'Failed']`, Failure{}},
		{"quoted by somebody", `he said: timeout waiting for: [Foo/a/b status: 'Failed']`, Failure{}},
		{"a namespace that can't be", `timeout waiting for: [Foo/` + strings.Repeat("a", 64) + `/b status: 'Failed']`, Failure{}},
	})
}

func TestHealthCheckAtTheLimit(t *testing.T) {
	message := "health check failed after 1m0s: timeout waiting for: ["
	for len(message) < 20_000 {
		message += "Deployment/orthanc-bhs/orthanc status: 'InProgress', "
	}
	check, ok := Parse(message[:20_000] + "...")
	if !ok || !check.Truncated || len(check.Items) < 370 {
		t.Fatalf("%v, truncated %v, %d items", ok, check.Truncated, len(check.Items))
	}
	for _, each := range check.Items {
		if each != item("Deployment", "orthanc-bhs", "orthanc", "InProgress", "") {
			t.Fatalf("%+v", each)
		}
	}
}
