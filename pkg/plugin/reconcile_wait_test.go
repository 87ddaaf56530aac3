package plugin

import (
	"bytes"
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

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// asked is a requester of one layer at a server that answers with handle: for what
// a healthy API server can't be made to do.
func asked(t *testing.T, handle http.HandlerFunc) (*requester, *bytes.Buffer) {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	kube := genericclioptions.NewConfigFlags(false)
	kube.APIServer = &server.URL
	streams, _, _, stderr := genericiooptions.NewTestIOStreams()
	call := &command.Call{Kube: kube, Streams: streams, Name: command.UsualName}
	step := operate.Step{Tenants: []string{"bhs"}, Ref: object.Ref{
		APIVersion: "kustomize.toolkit.fluxcd.io/v1", Kind: "Kustomization", Namespace: "flux-system", Name: "a",
	}}
	r, err := newRequester(call, operate.NewRun(operate.Plan{Steps: []operate.Step{step}}), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return r, stderr
}

// layerAs is the layer with that request handled.
func layerAs(requested, handled string) string {
	return fmt.Sprintf(`{"apiVersion":"kustomize.toolkit.fluxcd.io/v1","kind":"Kustomization",
		"metadata":{"namespace":"flux-system","name":"a","annotations":{%q:%q}},
		"status":{"lastHandledReconcileAt":%q,"conditions":[{"type":"Ready","status":"True"}]}}`,
		operate.RequestAnnotation, requested, handled)
}

// patched is the layer as the request changes it, with that request handled.
func patched(request *http.Request, handled string) string {
	var patch struct {
		Metadata struct{ Annotations map[string]string }
	}
	_ = json.NewDecoder(request.Body).Decode(&patch)
	return layerAs(patch.Metadata.Annotations[operate.RequestAnnotation], handled)
}

// TestTriesAgain: a server that is busy for a moment does not end the waiting.
func TestTriesAgain(t *testing.T) {
	requests := map[string]int{}
	r, stderr := asked(t, func(w http.ResponseWriter, request *http.Request) {
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
	r.every = time.Millisecond
	if err := r.waitFor(t.Context(), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	if requests["PATCH"] != 2 || requests["GET"] != 2 || r.run.Results()[0].Outcome != operate.Ready {
		t.Errorf("%v %+v", requests, r.run.Results())
	}
	if !strings.Contains(stderr.String(), "leader changed") {
		t.Errorf("nothing was said of it: %s", stderr)
	}
}

// TestInterrupted: waiting ends at once, and the request that was made is known.
func TestInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	r, _ := asked(t, func(w http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodGet {
			interrupt()
			<-request.Context().Done() // an answer that never comes
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, patched(request, "t1"))
	})
	r.every = time.Millisecond
	err := r.waitFor(ctx, time.Minute)
	if !errors.Is(err, context.Canceled) || r.run.Results()[0].Outcome != operate.Triggered {
		t.Errorf("%v %+v", err, r.run.Results())
	}
}

func TestDeletedMeanwhile(t *testing.T) {
	r, _ := asked(t, func(w http.ResponseWriter, request *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if request.Method == http.MethodGet {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"details":{"name":"a"}}`)
			return
		}
		_, _ = io.WriteString(w, patched(request, "t1"))
	})
	r.every = time.Millisecond
	if err := r.waitFor(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	var no command.Exit
	if err := r.answer(operate.Plan{}); !errors.As(err, &no) || no != command.No {
		t.Errorf("%v", err)
	}
}

// TestAnswer is the exit code of a run, and what is said at its end.
func TestAnswer(t *testing.T) {
	ready := func(r *requester) { seenAs(t, r, layerAs("t", "t")) }
	failing := func(r *requester) {
		seenAs(t, r, strings.ReplaceAll(layerAs("t", "t"), `"True"`, `"False","reason":"BuildFailed"`))
	}
	for _, c := range []struct {
		about   string
		happens func(*requester)
		unknown []string
		want    int
		says    string
	}{
		{about: "ready", happens: ready},
		{about: "failing", happens: failing, want: int(command.No), says: "\nWhy: kubectl orthweb explain bhs\n"},
		{about: "ready, as far as can be seen", happens: ready, unknown: []string{"you may not list x"}, want: int(command.Unclear), says: "Not triggered, because it could not be read: you may not list x.\n"},
		{about: "failing, as far as can be seen", happens: failing, unknown: []string{"you may not list x"}, want: int(command.No), says: "\nWhy: kubectl orthweb explain bhs\n"},
	} {
		r, stderr := asked(t, nil)
		r.run.Triggered(r.run.Due()[0].Ref)
		c.happens(r)
		if got := command.Code(r.answer(operate.Plan{Unknown: c.unknown}), command.UsualName, io.Discard); got != c.want || stderr.String() != c.says {
			t.Errorf("%s: %d %q, want %d %q", c.about, got, stderr, c.want, c.says)
		}
	}
}

func seenAs(t *testing.T, r *requester, text string) {
	t.Helper()
	obj := &unstructured.Unstructured{}
	if err := obj.UnmarshalJSON([]byte(text)); err != nil {
		t.Fatal(err)
	}
	r.run.Observe(obj, time.Now())
}
