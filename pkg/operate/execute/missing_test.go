package execute

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
)

// layerOn is the layer, with a dependency, after Flux has handled the request, or waits for it.
func layerOn(dependency, requested, reason string) string {
	condition := `{"type":"Ready","status":"True"}`
	if reason != "" {
		condition = fmt.Sprintf(`{"type":"Ready","status":"False","reason":%q}`, reason)
	}
	return fmt.Sprintf(`{"apiVersion":"kustomize.toolkit.fluxcd.io/v1","kind":"Kustomization",
		"metadata":{"namespace":"flux-system","name":"a","annotations":{%q:%q}},"spec":{"dependsOn":[{"name":%q}]},
		"status":{"lastHandledReconcileAt":%q,"conditions":[%s]}}`, operate.RequestAnnotation, requested, dependency, requested, condition)
}

// TestMissingDependency checks that a layer that depends on one that does not exist is not
// triggered, or no longer waited for; and that it is triggered if this has been corrected.
func TestMissingDependency(t *testing.T) {
	const notFound = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"details":{"name":"gone"}}`
	for _, test := range []struct {
		about      string
		planned    bool   // missing when the plan was made
		dependency string // now
		reason     string
		forbidden  bool
		want       operate.Outcome
		patches    int
	}{
		{about: "still missing", planned: true, dependency: "gone", want: operate.Failing},
		{about: "corrected by a layer above", planned: true, dependency: "there", want: operate.Ready, patches: 1},
		{about: "found out while Flux waits", dependency: "gone", reason: "DependencyNotReady", want: operate.Failing, patches: 1},
		{about: "found out by helm-controller", dependency: "gone", reason: "DependencyNotFound", want: operate.Failing, patches: 1},
		{about: "it can't be read, and may exist", planned: true, dependency: "gone", forbidden: true, want: operate.Ready, patches: 1},
	} {
		t.Run(test.about, func(t *testing.T) {
			patches := 0
			r, _ := reconcilerOf(t, func(w http.ResponseWriter, request *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				switch {
				case strings.HasSuffix(request.URL.Path, "/gone") && test.forbidden:
					w.WriteHeader(http.StatusForbidden)
					_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}`)
				case strings.HasSuffix(request.URL.Path, "/gone"):
					w.WriteHeader(http.StatusNotFound)
					_, _ = io.WriteString(w, notFound)
				case request.Method == http.MethodPatch:
					patches++
					_, _ = io.WriteString(w, patched(request, ""))
				default:
					_, _ = io.WriteString(w, strings.Replace(layerOn(test.dependency, "t1", test.reason), `"name":"a"`, `"name":"`+request.URL.Path[strings.LastIndex(request.URL.Path, "/")+1:]+`"`, 1))
				}
			})
			step := r.run.Due()[0]
			if test.planned {
				step.Missing = []object.Ref{{APIVersion: step.Ref.APIVersion, Kind: step.Ref.Kind, Namespace: step.Ref.Namespace, Name: "gone"}}
			}
			r.run = operate.NewRun(operate.Plan{Steps: []operate.Step{step}})
			if err := r.Wait(t.Context(), 30*time.Second); err != nil {
				t.Fatal(err)
			}
			got := r.run.Results()[0]
			if got.Outcome != test.want || patches != test.patches || got.Outcome == operate.Failing && !strings.Contains(got.Message, "it depends on Kustomization flux-system/gone, which does not exist") {
				t.Errorf("%d patches, %+v", patches, got)
			}
		})
	}
}
