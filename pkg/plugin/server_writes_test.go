package plugin

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// writes are the changes that a server was sent.
func writes(api *fakeapi.Server) (sent []fakeapi.Request) {
	for _, request := range api.Requests() {
		if request.Method != http.MethodGet {
			sent = append(sent, request)
		}
	}
	return sent
}

// TestWrites checks that commands change annotations and spec.suspend, and nothing else; and
// nothing at all in a dry run.
func TestWrites(t *testing.T) {
	const request = `^\{"metadata":\{"annotations":\{"reconcile.fluxcd.io/requestedAt":"[-0-9T:.]+Z"\}\}\}$`
	for _, test := range []struct {
		args    string
		body    string // of each change; none without it
		dry     bool
		changed int
		output  string
	}{
		{args: "suspend bhs", body: `^\{"spec":\{"suspend":true\}\}$`, changed: 5, output: "Kustomization flux-system/bhs-application"},
		{args: "suspend bhs --dry-run", output: "To suspend"},
		{args: "suspend bhs --dry-run=client", output: "To suspend"},
		{args: "suspend bhs --dry-run=server", body: `^\{"spec":\{"suspend":true\}\}$`, dry: true, changed: 5, output: "To suspend"},
		{args: "suspend bhs --dry-run=none", body: `^\{"spec":\{"suspend":true\}\}$`, changed: 5, output: "Suspended"},
		{args: "suspend bhs --dry-run=false", body: `^\{"spec":\{"suspend":true\}\}$`, changed: 5, output: "Suspended"},
		{args: "reconcile bhs --wait=false", body: request, changed: 3, output: "Triggered"},
		{args: "reconcile bhs --dry-run", output: "To trigger"},
		{args: "reconcile bhs --dry-run=server", body: request, dry: true, changed: 3, output: "To trigger"},
		{args: "reconcile bhs --dry-run=none --wait=false", body: request, changed: 3, output: "Triggered"},
		{args: "resume bhs --dry-run=server", body: request, dry: true, changed: 3, output: "To trigger"},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
			code, output := operateOn(t, api, strings.Fields(test.args)...)
			sent := writes(api)
			if code != int(command.Yes) || !strings.Contains(output, test.output) || len(sent) != test.changed {
				t.Errorf("exit %d, %d changes: %s", code, len(sent), output)
			}
			for _, change := range sent {
				dry := strings.Contains(change.Query, "dryRun=All")
				if change.Method != http.MethodPatch || dry != test.dry || !regexp.MustCompile(test.body).MatchString(change.Body) {
					t.Errorf("%+v", change)
				}
			}
		})
	}
}

// TestReconcileMissingDependency checks that nothing waits for a layer that does not exist.
func TestReconcileMissingDependency(t *testing.T) {
	for _, args := range []string{"reconcile bhs --with-source=false --timeout=1m", "reconcile bhs --with-source=false --wait=false"} {
		api, _ := fakeapi.ExampleServer(t, "healthy", func(obj *unstructured.Unstructured) bool {
			if obj.GetName() == "bhs-dependency" {
				_ = unstructured.SetNestedSlice(obj.Object, []any{map[string]any{"name": "observabilty"}}, "spec", "dependsOn")
			}
			return true
		})
		code, output := operateOn(t, api, strings.Fields(args)...)
		for _, want := range []string{
			"it depends on Kustomization flux-system/observabilty, which does not exist (did you mean observability?)",
			"Kustomization flux-system/bhs-application   Skipped   it depends on Kustomization flux-system/bhs-dependency, which is not Ready\n",
		} {
			if !strings.Contains(output, want) {
				t.Errorf("%s: no %q in:\n%s", args, want, output)
			}
		}
		if sent := writes(api); code != int(command.No) || len(sent) != 0 {
			t.Errorf("%s: exit %d, %v", args, code, sent)
		}
	}
}

// TestReconcileExplains checks that a failure is explained on standard error, and that the command
// that explains it is printed if it can't be.
func TestReconcileExplains(t *testing.T) {
	for _, refused := range []bool{false, true} {
		api, _ := fakeapi.ExampleServer(t, "failing", fakeapi.KeepAll)
		api.Fail(ownLayers, looks(handled))
		if refused { // reconcile reads no pods
			api.Fail("^/api$", fakeapi.After(1, fakeapi.Reset()))
		}
		code, output := operateOn(t, api, "reconcile", "bhs", "--with-source=false", "--timeout=5s")
		explained, hint := strings.Contains(output, "InvalidImageName") && strings.Contains(output, "OW"), strings.Contains(output, "Why: kubectl-orthweb explain bhs\n")
		if code != int(command.No) && code != int(command.Expired) || explained == refused || hint != refused {
			t.Errorf("refused %t: exit %d\n%s", refused, code, output)
		}
	}
}
