package execute

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/patch"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
)

// reconcilerOf returns a Reconciler of one layer at a server that answers with handle, for
// faults that a healthy API server can't produce. It returns the reported transient errors.
func reconcilerOf(t *testing.T, handle http.HandlerFunc) (*Reconciler, *[]string) {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	client, err := patch.NewClient(&request.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	step := operate.Step{Tenants: []string{"bhs"}, Ref: object.Ref{
		APIVersion: "kustomize.toolkit.fluxcd.io/v1", Kind: "Kustomization", Namespace: "flux-system", Name: "a",
	}}
	var retried []string
	r := NewReconciler(client, operate.NewRun(operate.Plan{Steps: []operate.Step{step}}), time.Now(), Progress{
		Result:   func(operate.Result) {},
		Retrying: func(_ object.Ref, err error) { retried = append(retried, err.Error()) },
	})
	r.every = time.Millisecond
	return r, &retried
}

// layerAs returns the layer with that request handled.
func layerAs(requested, handled string) string {
	return fmt.Sprintf(`{"apiVersion":"kustomize.toolkit.fluxcd.io/v1","kind":"Kustomization",
		"metadata":{"namespace":"flux-system","name":"a","annotations":{%q:%q}},
		"status":{"lastHandledReconcileAt":%q,"conditions":[{"type":"Ready","status":"True"}]}}`,
		operate.RequestAnnotation, requested, handled)
}

// patched returns the layer as the request changes it, with that request handled.
func patched(request *http.Request, handled string) string {
	var patch struct {
		Metadata struct{ Annotations map[string]string }
	}
	_ = json.NewDecoder(request.Body).Decode(&patch)
	return layerAs(patch.Metadata.Annotations[operate.RequestAnnotation], handled)
}

// TestTransientErrors checks that transient errors of the server do not end the wait.
func TestTransientErrors(t *testing.T) {
	requests := map[string]int{}
	r, retried := reconcilerOf(t, func(w http.ResponseWriter, request *http.Request) {
		requests[request.Method]++
		w.Header().Set("Content-Type", "application/json")
		if requests[request.Method] == 1 {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":500,"message":"leader changed"}`)
			return
		}
		if request.Method == http.MethodPatch {
			_, _ = io.WriteString(w, patched(request, ""))
			return
		}
		_, _ = io.WriteString(w, layerAs("t", "t"))
	})
	if err := r.Wait(t.Context(), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	if requests["PATCH"] != 2 || requests["GET"] != 2 || r.run.Results()[0].Outcome != operate.Ready {
		t.Errorf("%v %+v", requests, r.run.Results())
	}
	if len(*retried) != 2 || !strings.Contains((*retried)[0], "leader changed") {
		t.Errorf("transient errors: %q", *retried)
	}
}

// TestInterrupted checks that an interrupt ends the wait immediately, and that the result of
// the request is known.
func TestInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	r, _ := reconcilerOf(t, func(w http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodGet {
			interrupt()
			<-request.Context().Done() // an answer that never arrives
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, patched(request, "t1"))
	})
	err := r.Wait(ctx, time.Minute)
	if !errors.Is(err, context.Canceled) || r.run.Results()[0].Outcome != operate.Triggered {
		t.Errorf("%v %+v", err, r.run.Results())
	}
}

// TestDeletedDuringWait checks that an object that is deleted during the wait has failed.
func TestDeletedDuringWait(t *testing.T) {
	r, _ := reconcilerOf(t, func(w http.ResponseWriter, request *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if request.Method == http.MethodGet {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"details":{"name":"a"}}`)
			return
		}
		_, _ = io.WriteString(w, patched(request, "t1"))
	})
	if err := r.Wait(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := r.run.Results()[0]; got.Outcome != operate.Failing {
		t.Errorf("%+v", got)
	}
}

// TestDeletedBeforeTrigger checks that an object that is deleted before it is triggered is a
// result, which does not end the wait for others with an error.
func TestDeletedBeforeTrigger(t *testing.T) {
	r, _ := reconcilerOf(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"details":{"name":"a"}}`)
	})
	if err := r.Wait(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := r.run.Results(); len(got) != 1 || got[0].Outcome != operate.Failing || got[0].Message != "it was deleted in the meantime" {
		t.Errorf("%+v", got)
	}
}

// TestTimeout checks that the wait ends if Flux does not reconcile an object in time.
func TestTimeout(t *testing.T) {
	r, _ := reconcilerOf(t, func(w http.ResponseWriter, request *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if request.Method == http.MethodPatch {
			_, _ = io.WriteString(w, patched(request, "t0"))
			return
		}
		_, _ = io.WriteString(w, layerAs("t1", "t0"))
	})
	var late *TimeoutError
	if err := r.Wait(t.Context(), 50*time.Millisecond); !errors.As(err, &late) {
		t.Errorf("got %v", err)
	}
}
