package plugin

import (
	"strings"
	"testing"
)

// TestExplainOneOfMany: what is not read of other tenants makes nothing unknown
// about a tenant, a layer or a workload that was named.
func TestExplainOneOfMany(t *testing.T) {
	api := fleetOf(t, "healthy", 20)
	for _, args := range [][]string{{"t0005"}, {"t0005", "t0006"}, {"ks/t0005-application"}, {"deploy/orthanc", "-n", "t0005-orthweb"}, {"gateways.networking.istio.io/web-gw", "-n", "t0005-orthweb"}} {
		out, err := explainLive(t, api, args...)
		if err != nil || strings.Contains(out, "Could not be read") || !strings.Contains(out, "ready") {
			t.Errorf("explain %v: %v\n%s", args, err, out)
		}
	}
}
