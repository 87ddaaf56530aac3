package plugin

import (
	"strings"
	"testing"
)

// TestExplainOneOfMany checks that unread objects of other tenants make nothing unknown about
// the named tenant, layer or workload.
func TestExplainOneOfMany(t *testing.T) {
	api := fleetOf(t, "healthy", 20)
	for _, args := range [][]string{{"t0005"}, {"t0005", "t0006"}, {"ks/t0005-application"}, {"deploy/orthanc", "-n", "t0005-orthweb"}, {"gateways.networking.istio.io/web-gw", "-n", "t0005-orthweb"}} {
		out, err := explainLive(t, api, args...)
		if err != nil || strings.Contains(out, "Could not be read") || !strings.Contains(out, "ready") {
			t.Errorf("explain %v: %v\n%s", args, err, out)
		}
	}
}
