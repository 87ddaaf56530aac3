package address

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// TestMissing checks that the reason names the Service of the ingress and what it waits for.
func TestMissing(t *testing.T) {
	const service = `
- apiVersion: v1
  kind: Service
  metadata: {name: gateway, namespace: x-orthweb}
  spec: {type: TYPE, selector: {istio: gw}, ports: [{port: 443}]}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: gateway, namespace: x-orthweb}
  spec: {selector: {matchLabels: {istio: gw}}, template: {metadata: {labels: {istio: gw}}, spec: {containers: [{name: c, image: i}]}}}
- apiVersion: networking.istio.io/v1
  kind: Gateway
  metadata: {name: web, namespace: x-orthweb}
  spec: {selector: {istio: gw}, servers: [{hosts: [web.x.hospital.org], port: {name: https, number: 443, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: s}}]}
`
	for _, c := range []struct {
		about, objects    string
		partial, rejected bool
		message           string
	}{
		{"a load balancer", strings.Replace(service, "TYPE", "LoadBalancer", 1), false, false, "Service x-orthweb/gateway waits for an address from the load balancer"},
		{"ports of nodes", strings.Replace(service, "TYPE", "NodePort", 1), false, false, "Service x-orthweb/gateway is of type NodePort and has no external address"},
		{"no type", strings.Replace(service, "type: TYPE, ", "", 1), false, false, "Service x-orthweb/gateway is of type ClusterIP and has no external address"},
		{"no Service", "", false, false, "no Service was found for its Gateways"},
		{"a Service that may not have been printed", "", true, false, "no Service was found for its Gateways ("},
		{"addresses that can't be used", "", false, true, "its ingress has no address that a hosts file can have"},
	} {
		content := "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Namespace, metadata: {name: x-orthweb, labels: {workload: orthweb}}}\n" + c.objects
		snap, err := recording.Read(t.Context(), recording.Source{From: []string{"-"}, Complete: !c.partial}, strings.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		tenants := tenant.Discover(snap)
		if len(tenants) != 1 {
			t.Fatalf("%s: the tenants are %v", c.about, tenants)
		}
		why, next := Missing(snap, tenant.Assess(snap, tenants)[0], c.rejected)
		if !strings.HasPrefix(why, c.message) || strings.Contains(why, "--ip") || !strings.Contains(next, "--ip") {
			t.Errorf("%s: %s; %s", c.about, why, next)
		}
	}
}

// TestResolve checks that IPv4 addresses are not in IPv6 form, and that the order is always the
// same.
func TestResolve(t *testing.T) {
	found, err := Resolve(t.Context(), "localhost")
	if err != nil || len(found) == 0 || !slices.IsSortedFunc(found, netip.Addr.Compare) {
		t.Errorf("%v, %v", found, err)
	}
	for _, addr := range found {
		if addr.Is4In6() || !addr.IsLoopback() {
			t.Errorf("localhost is %v", addr)
		}
	}
	if found, err := Resolve(t.Context(), "no name"); err == nil {
		t.Errorf("a text that is no name is %v", found)
	}
}
