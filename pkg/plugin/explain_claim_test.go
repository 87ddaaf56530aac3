package plugin

import (
	"errors"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// objectOf parses one object from YAML.
func objectOf(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	obj := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &obj.Object); err != nil {
		t.Fatal(err)
	}
	return obj
}

// TestExplainClaimsOfOthers checks that explain finds a tenant's host that another tenant's
// Gateway claims, among many tenants, at the cost of one list of Gateways in all namespaces.
func TestExplainClaimsOfOthers(t *testing.T) {
	api := fleetOf(t, "healthy", 20)
	before, err := explainLive(t, api, "t0005")
	if err != nil {
		t.Fatalf("%v\n%s", err, before)
	}
	healthy := len(api.Requests())
	api.Put(objectOf(t, `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: web-gw, namespace: t0006-orthweb, creationTimestamp: "2026-01-01T00:00:00Z"}
spec:
  selector: {istio: ingressgateway}
  servers:
  - hosts: [web.t0006.orthweb.com, web.t0005.orthweb.com]
    port: {name: https, number: 443, protocol: HTTPS}
    tls: {credentialName: orthweb-secret, mode: SIMPLE}`))

	out, err := explainLive(t, api, "t0005")
	if !errors.Is(err, command.No) || !strings.Contains(out, "Gateway t0006-orthweb/web-gw and Gateway t0005-orthweb/web-gw both claim host web.t0005.orthweb.com") ||
		strings.Contains(out, "Could not be read") {
		t.Errorf("%v\n%s", err, out)
	}
	var everywhere int
	for _, r := range api.Requests()[healthy:] {
		if strings.Contains(r.Path, "/namespaces/t0") && !strings.Contains(r.Path, "/namespaces/t0005") {
			t.Errorf("%s is read", r.Path)
		}
		if strings.HasSuffix(r.Path, "/apis/networking.istio.io/v1/gateways") {
			everywhere++
		} else if !strings.Contains(r.Path, "/namespaces/") && !sharedPath.MatchString(r.Path) {
			t.Errorf("%s is read of all namespaces", r.Path)
		}
	}
	if everywhere != 1 {
		t.Errorf("Gateways were listed %d times", everywhere)
	}
	if more := len(api.Requests()) - healthy - healthy; more > 6 {
		t.Errorf("%d requests more than for a healthy tenant, which takes %d", more, healthy)
	}
}

// TestExplainClaimsForbidden checks that a user who may read only the tenant's namespace gets
// the causes in that namespace.
func TestExplainClaimsForbidden(t *testing.T) {
	api := fleetOf(t, "healthy", 20)
	api.Deny("gateways", "t0005-orthweb")
	out, err := explainLive(t, api, "t0005")
	if err != nil || strings.Contains(out, "Could not be read") || !strings.Contains(out, "ready") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestExplainClaimOfAnyHost checks that host "*" for DICOM is a failure if several tenants
// claim it for shared gateway pods. It is not a failure if each claims it for its own pods, as
// in Korthweb (TestExplainOneOfMany).
func TestExplainClaimOfAnyHost(t *testing.T) {
	api := fleetOf(t, "healthy", 20)
	for _, tenant := range []string{"bhs", "t0005", "t0006"} {
		api.Put(objectOf(t, `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: dcm-gw, namespace: `+tenant+`-orthweb, creationTimestamp: "2026-01-01T00:00:00Z"}
spec:
  selector: {istio: shared}
  servers:
  - {hosts: ["*"], port: {name: tls, number: 11112, protocol: TLS}, tls: {credentialName: orthweb-secret, mode: SIMPLE}}`))
	}
	api.Put(objectOf(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: shared, namespace: istio-system, generation: 1}
spec: {replicas: 1, selector: {matchLabels: {istio: shared}}, template: {metadata: {labels: {istio: shared}}}}
status: {observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1, conditions: [{type: Available, status: "True"}]}`))
	out, _ := explainLive(t, api, "t0005")
	if !strings.Contains(out, "both claim host * on port 11112") {
		t.Errorf("on shared pods:\n%s", out)
	}
}
