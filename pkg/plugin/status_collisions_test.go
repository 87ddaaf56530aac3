package plugin

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// TestStatusOfCollisions checks that every output format contains a host name that two tenants
// claim, with both objects, and that there is no such output without a collision.
func TestStatusOfCollisions(t *testing.T) {
	const message = "Gateway bhs-orthweb/web-gw of tenant bhs and Gateway mhr-orthweb/web-gw of tenant mhr claim the same host name: web.mhr.orthweb.com (OW7111)"
	for _, collide := range []bool{true, false} {
		api := hostsCluster(t)
		if collide {
			setHosts(t, api, "bhs", "web.bhs.orthweb.com", "web.mhr.orthweb.com")
		}
		run := func(args ...string) (out, errOut string) {
			streams, _, stdout, stderr := genericiooptions.NewTestIOStreams()
			cmd := NewRoot(streams)
			cmd.SetArgs(append(args, "--kubeconfig", api.Kubeconfig()))
			_ = cmd.ExecuteContext(context.Background()) // the test does not need ready tenants
			return stdout.String(), stderr.String()
		}
		_, table := run("status")
		chain, _ := run("status", "bhs")
		asJSON, _ := run("status", "bhs", "-o", "json")
		cause, _ := run("explain", "bhs")
		for about, text := range map[string]string{"table": table, "chain": chain, "explain": cause} {
			if got := strings.Contains(text, strings.TrimSuffix(message, " (OW7111)")) && strings.Contains(text, "(OW7111)"); got != collide {
				t.Errorf("%s, with a collision: %v\n%s", about, collide, text)
			}
		}
		if got := strings.Contains(asJSON, `"otherTenant": "mhr"`); got != collide {
			t.Errorf("json, with a collision: %v\n%s", collide, asJSON)
		}
		schema, err := jsonschema.NewCompiler().Compile("../../docs/schema/tenantstatus.v1alpha1.json")
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewBufferString(asJSON))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Error(err)
		}
	}
}
