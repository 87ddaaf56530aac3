package address

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// TestWhyNone tells for each state of the Service what is missing.
func TestWhyNone(t *testing.T) {
	for _, c := range []struct {
		about, spec string
		refused     int
		unknown     []snapshot.Failure
		want        string
	}{
		{about: "a Service without an external address", spec: "{type: NodePort}", want: "Service bhs-orthweb/gateway is of type NodePort and has no external address"},
		{about: "the default type", spec: "{}", refused: 1, want: "is of type ClusterIP"},
		{about: "a load balancer", spec: "{type: LoadBalancer}", want: "waits for an address from the load balancer"},
		{about: "only addresses that can't be used", refused: 1, want: "no address that a hosts file can have"},
		{about: "no Service", want: "no Service was found for its Gateways"},
		{about: "Services that could not be read", unknown: []snapshot.Failure{{Why: snapshot.Forbidden, Verb: "list", Resource: "services"}}, want: "(you may not list services in any namespace)"},
	} {
		builder, status := snapshot.NewBuilder(), tenant.Status{Unknown: c.unknown}
		if c.spec != "" {
			service := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte("{apiVersion: v1, kind: Service, metadata: {name: gateway, namespace: bhs-orthweb}, spec: "+c.spec+"}"), &service.Object); err != nil {
				t.Fatal(err)
			}
			builder.Add(snapshot.Asked{Version: "v1", Kind: "Service"}, service)
			status.Chain = []tenant.Link{{Section: tenant.Gateways}, {Section: tenant.Ingress, Verdict: health.Verdict{Ref: object.RefOf(service)}}}
		}
		why, next := WhyNone(builder.Build(snapshot.Meta{}), status, c.refused)
		if !strings.Contains(why, c.want) || strings.Contains(why, "--ip") || !strings.Contains(next, "--ip") {
			t.Errorf("%s: %s; %s", c.about, why, next)
		}
	}
}

// TestResolve: an address in a name's place is the address itself, IPv4 never in IPv6 form.
func TestResolve(t *testing.T) {
	got, err := Resolve(t.Context(), "::ffff:192.0.2.7")
	if err != nil || !slices.Equal(got, []netip.Addr{netip.MustParseAddr("192.0.2.7")}) {
		t.Errorf("%v, %v", got, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := Resolve(ended, "lb.example.org"); err == nil {
		t.Errorf("%v after the context has ended", got)
	}
}
