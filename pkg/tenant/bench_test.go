package tenant

import (
	"fmt"
	"testing"
)

// BenchmarkTenants shows that the time for a tenant does not depend on their number, for a
// healthy Korthweb and for features that need the whole cluster: a central ingress, and one
// layer that applies all tenants.
func BenchmarkTenants(b *testing.B) {
	for _, shape := range []struct {
		name     string
		korthweb korthweb
		objects  []map[string]any
	}{
		{"stock", korthweb{}, nil},
		{"central", korthweb{Without: []string{"ingress"}}, []map[string]any{{
			"apiVersion": "v1", "kind": "Service",
			"metadata": map[string]any{"name": "istio-ingressgateway", "namespace": "istio-system"},
			"spec":     map[string]any{"selector": map[string]any{"istio": "ingressgateway"}},
		}}},
		{"single", korthweb{Single: true}, nil},
	} {
		for _, n := range []int{10, 100, 1000} {
			b.Run(fmt.Sprintf("%s/%d", shape.name, n), func(b *testing.B) {
				c := testCase{Korthweb: shape.korthweb, Objects: shape.objects}
				for i := range n {
					c.Korthweb.Tenants = append(c.Korthweb.Tenants, fmt.Sprintf("t%04d", i))
				}
				snap := c.snapshot(c.objects(b))
				b.ReportAllocs()
				for b.Loop() {
					if got := len(Assess(snap, Discover(snap))); got != n {
						b.Fatalf("%d tenants, want %d", got, n)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/tenant")
			})
		}
	}
}
