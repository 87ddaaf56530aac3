//go:build peers

package exporter

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/internal/peers"
)

// promtool runs Prometheus' own tool with an input.
func promtool(t *testing.T, input string, args ...string) {
	t.Helper()
	cmd := exec.Command(peers.Program(t, "promtool"), args...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %v: %v\n%s", args, err, out)
	}
}

// TestPromtoolMetrics checks the names and help texts of the metrics with Prometheus' linter.
func TestPromtoolMetrics(t *testing.T) {
	api, _ := fakeapi.ExampleServer(t, "failing", fakeapi.KeepAll)
	e := start(t, api.URL, "--probe-every=10s", "--max-series=2")
	text := e.wait(`orthweb_exporter_dropped_series{metric="orthweb_tenants"} 3`, `orthweb_tenant_causes{code="OW4103",tenant="bhs"} 1`)
	promtool(t, text, "check", "metrics")
}

// TestPromtoolRules runs the unit tests of the alerts: healthy data fires none of them, each fires and
// resolves, and an exporter that is absent fires.
func TestPromtoolRules(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(manifests, "monitoring", "rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var object struct {
		Spec map[string]any `json:"spec"`
	}
	if err := yaml.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	rules, err := yaml.Marshal(object.Spec)
	if err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile("testdata/rules_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string][]byte{"rules.yaml": rules, "rules_test.yaml": tests} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	promtool(t, "", "check", "rules", filepath.Join(dir, "rules.yaml"))
	promtool(t, "", "test", "rules", filepath.Join(dir, "rules_test.yaml"))
}
