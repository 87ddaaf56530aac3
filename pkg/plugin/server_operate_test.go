package plugin

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
	"github.com/digihunch/kubectl-orthweb/pkg/operate/execute"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// ownLayers is the path of bhs' own layers.
const ownLayers = "/kustomizations/bhs-[a-z]+$"

// patches applies a fault to the first patches; without a number, to all of them.
func patches(first int, fault fakeapi.Fault) fakeapi.Fault {
	var seen atomic.Int64
	return fakeapi.On(http.MethodPatch, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if first > 0 && seen.Add(1) > int64(first) {
				fault = func(next http.Handler) http.Handler { return next }
			}
			fault(next).ServeHTTP(w, r)
		})
	})
}

func operateOn(t *testing.T, api *fakeapi.Server, args ...string) (code int, output string) {
	t.Helper()
	var out bytes.Buffer
	streams := genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &out}
	code = Run(t.Context(), slices.Insert(append([]string{"kubectl-orthweb"}, args...), 2, "--server="+api.URL, "--request-timeout=2s"), streams)
	return code, out.String()
}

// suspendedLayers returns how many of bhs' own layers are suspended, and their total.
func suspendedLayers(t *testing.T, api *fakeapi.Server) (suspended, all int) {
	t.Helper()
	response, err := http.Get(api.URL + "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	list := &unstructured.UnstructuredList{}
	if err := list.UnmarshalJSON(body); err != nil {
		t.Fatal(err)
	}
	for _, layer := range list.Items {
		if !strings.HasPrefix(layer.GetName(), "bhs-") {
			continue
		}
		all++
		if value, _, _ := unstructured.NestedBool(layer.Object, "spec", "suspend"); value {
			suspended++
		}
	}
	return suspended, all
}

// TestSuspendMisbehaving checks that a suspend either changes all objects, or reports that it
// did not.
func TestSuspendMisbehaving(t *testing.T) {
	defer func(every, longest time.Duration) { execute.RetryEvery, execute.RetryFor = every, longest }(execute.RetryEvery, execute.RetryFor)
	execute.RetryEvery, execute.RetryFor = time.Millisecond, 300*time.Millisecond
	var requested atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requested.Add(1) }))
	defer other.Close()
	conflict := fakeapi.Status(http.StatusConflict, "Conflict", "the object has been modified")
	for _, test := range []struct {
		about string
		fault fakeapi.Fault
		code  int
		want  string
	}{
		{about: "as it should", fault: patches(1, func(next http.Handler) http.Handler { return next })},
		{about: "two conflicts", fault: patches(2, conflict), want: "being retried: changing Kustomization"},
		{about: "conflicts for ever", fault: patches(0, conflict), code: int(command.Unclear), want: "other clients change it at the same time"},
		{about: "a server that restarts", fault: patches(3, fakeapi.Disconnect(0)), want: "being retried"},
		{about: "a server that is busy for a day", fault: patches(1, fakeapi.TooMany(86400)), want: "a retry in 24h0m0s"},
		{about: "an answer that is lost", fault: patches(1, fakeapi.Lose()), want: "being retried"},
		{about: "a change that is ignored", fault: patches(0, fakeapi.Ignore()), code: int(command.Unclear), want: "has not changed spec.suspend"},
		{about: "a page to log in", fault: patches(0, fakeapi.Body(200, "text/html", "<title>Log in</title>")), code: int(command.Unclear), want: `an HTML page with the title "Log in"`},
		{about: "another object", fault: patches(0, fakeapi.JSON(`{"apiVersion":"kustomize.toolkit.fluxcd.io/v1","kind":"Kustomization","metadata":{"namespace":"flux-system","name":"x"},"spec":{"suspend":true}}`)), code: int(command.Unclear), want: "the answer is Kustomization flux-system/x"},
		{about: "a redirect", fault: patches(0, fakeapi.Redirect(http.StatusTemporaryRedirect, other.URL)), code: int(command.Unclear), want: "the answer is a redirect to http://127.0.0.1"},
		{about: "an object that is gone", fault: patches(0, fakeapi.Status(http.StatusNotFound, "NotFound", "not found")), code: int(command.Unclear), want: "error: changing Kustomization"},
	} {
		t.Run(test.about, func(t *testing.T) {
			api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
			api.Fail(ownLayers, test.fault)
			code, output := operateOn(t, api, "suspend", "bhs")
			api.Recover()
			suspended, all := suspendedLayers(t, api)
			if code != test.code || !strings.Contains(output, test.want) || (suspended == all) != (code == int(command.Yes)) || all == 0 {
				t.Errorf("exit %d, %d of %d are suspended, want exit %d and %q:\n%s", code, suspended, all, test.code, test.want, output)
			}
			if done := strings.Contains(output, "Reconciliation of"); done != (code == int(command.Yes)) {
				t.Errorf("exit %d, but it said:\n%s", code, output)
			}
		})
	}
	if n := requested.Load(); n > 0 {
		t.Errorf("another host was sent %d requests", n)
	}
}

// looks changes the state of a reconciled object: change gets the object.
func looks(change func(obj *unstructured.Unstructured)) fakeapi.Fault {
	return fakeapi.On(http.MethodGet, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			obj := &unstructured.Unstructured{}
			if err := obj.UnmarshalJSON(answer.Body.Bytes()); err != nil {
				panic(http.ErrAbortHandler)
			}
			change(obj)
			body, _ := obj.MarshalJSON()
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(body)
		})
	})
}

// handled sets the fields that Flux sets when it handles a request.
func handled(obj *unstructured.Unstructured) {
	_ = unstructured.SetNestedField(obj.Object, obj.GetAnnotations()[operate.RequestAnnotation], "status", "lastHandledReconcileAt")
}

// TestReconcileMisbehaving checks that only completed work is reported as done, and that the
// wait ends.
func TestReconcileMisbehaving(t *testing.T) {
	gone := patches(1, fakeapi.Disconnect(0))
	for _, test := range []struct {
		about string
		fault fakeapi.Fault
		code  int
		want  string
	}{
		{about: "as it should", fault: looks(handled)},
		{about: "never taken up", fault: looks(func(*unstructured.Unstructured) {}), code: int(command.Expired), want: "not all triggered objects were Ready within"},
		{about: "the request is lost, and an older one is done", code: int(command.Expired), want: "not all triggered objects were Ready within", fault: looks(func(obj *unstructured.Unstructured) {
			obj.SetAnnotations(map[string]string{operate.RequestAnnotation: "earlier"})
			handled(obj)
		})},
		{about: "created again", code: int(command.No), want: "it was deleted and created again in the meantime", fault: looks(func(obj *unstructured.Unstructured) {
			obj.SetUID("another")
			handled(obj)
		})},
		{about: "another object", code: int(command.Unclear), want: "the answer is Kustomization flux-system/x", fault: looks(func(obj *unstructured.Unstructured) {
			obj.SetName("x")
			handled(obj)
		})},
		{about: "a change that is ignored", code: int(command.Unclear), want: "has not changed metadata.annotations", fault: patches(0, fakeapi.Ignore())},
		{about: "a page to log in", code: int(command.Unclear), want: `an HTML page with the title "Log in"`, fault: fakeapi.On(http.MethodGet, fakeapi.Body(200, "text/html", "<title>Log in</title>"))},
		{about: "busy for a day, always", code: int(command.Expired), want: "a retry in 24h0m0s", fault: fakeapi.On(http.MethodGet, fakeapi.TooMany(86400))},
		{about: "conflicts for ever", code: int(command.Expired), want: "other clients change it at the same time", fault: patches(0, fakeapi.Status(http.StatusConflict, "Conflict", "modified"))},
		{about: "a server that restarts", want: "being retried", fault: func(next http.Handler) http.Handler {
			return gone(looks(handled)(next))
		}},
	} {
		t.Run(test.about, func(t *testing.T) {
			t.Parallel()
			earlier := func(obj *unstructured.Unstructured) bool {
				if strings.HasPrefix(obj.GetName(), "bhs-") {
					obj.SetAnnotations(map[string]string{operate.RequestAnnotation: "earlier"})
				}
				return true
			}
			api, _ := fakeapi.ExampleServer(t, "healthy", earlier)
			api.Fail(ownLayers, test.fault)
			code, output := operateOn(t, api, "reconcile", "bhs", "--with-source=false", "--timeout=5s")
			if code != test.code || !strings.Contains(output, test.want) {
				t.Errorf("exit %d, want %d and %q:\n%s", code, test.code, test.want, output)
			}
		})
	}
}
