package execute

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/diff"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/dryrun"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

func served(gk schema.GroupKind) (plural string, namespaced bool, err error) {
	switch gk.Kind {
	case "ConfigMap":
		return "configmaps", true, nil
	case "Namespace":
		return "namespaces", false, nil
	case "Broken":
		return "", false, errors.New("its server does not answer")
	}
	return "", false, nil
}

func TestAnswer(t *testing.T) {
	object := func(kind, namespace, name string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": kind, "metadata": map[string]any{"name": name, "namespace": namespace}}}
	}
	ns := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "a"}}}
	for _, test := range []struct {
		name    string
		request diff.Request
		want    string // live, applied, the failures
	}{
		{"an object that is only read", ask("v1", "ConfigMap", "a", "c", nil), "live"},
		{"an object that does not exist", ask("v1", "ConfigMap", "a", "new", object("ConfigMap", "a", "new")), "applied"},
		{"an object that exists", ask("v1", "ConfigMap", "a", "c", object("ConfigMap", "a", "c")), "live applied"},
		{"a cluster-scoped object with a namespace", ask("v1", "Namespace", "x", "a", ns), "live applied"},
		{"no namespace", ask("v1", "ConfigMap", "", "c", object("ConfigMap", "", "c")), "read: 400 namespace not specified"},
		{"a new namespace", ask("v1", "ConfigMap", "b", "c", object("ConfigMap", "b", "c")), `apply: 404 namespaces "b" not found`},
		{"an unknown kind", ask("example.com/v1", "Thing", "a", "c", nil), "read: 404 the cluster does not serve the kind (not served)"},
		{"a version that is not served", ask("v9", "ConfigMap", "a", "c", nil), "read: 404 the server could not find the requested resource (not served)"},
		{"a kind of a server that does not answer", ask("v1", "Broken", "a", "c", nil), "read: 0 its server does not answer"},
		{"a name that is no part of a path", ask("v1", "ConfigMap", "a", "../c", nil), "read: 0 \"../c\" can't be part of a request's path"},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := fakeapi.New(t, object("ConfigMap", "a", "c"), ns)
			client, err := dryrun.NewClient(&request.Config{Host: api.URL})
			if err != nil {
				t.Fatal(err)
			}
			answers, err := NewCluster(client, served).Answer(t.Context(), []diff.Request{test.request})
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(answers[0]); !strings.HasPrefix(got, test.want) || test.want == "live" && got != "live" {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func ask(version, kind, namespace, name string, obj *unstructured.Unstructured) diff.Request {
	return diff.Request{Ref: object.Ref{APIVersion: version, Kind: kind, Namespace: namespace, Name: name}, Object: obj}
}

func describe(a diff.Answer) string {
	var parts []string
	if a.Live != nil {
		parts = append(parts, "live")
	}
	if a.Applied != nil {
		parts = append(parts, "applied")
	}
	for name, f := range map[string]*diff.Failure{"read": a.ReadFailure, "apply": a.ApplyFailure} {
		if f == nil {
			continue
		}
		text := fmt.Sprintf("%s: %d %s", name, f.Code, f.Message)
		if f.NotServed {
			text += " (not served)"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

// TestTakeOver: a second dry run removes the fields of kubectl, and nothing is stored.
func TestTakeOver(t *testing.T) {
	configMap := func(labels map[string]string) *unstructured.Unstructured {
		obj := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap"}}
		obj.SetName("c")
		obj.SetNamespace("a")
		obj.SetLabels(labels)
		return obj
	}
	live := configMap(map[string]string{"flux": "x", "hand": "y"})
	live.SetManagedFields([]metav1.ManagedFieldsEntry{{
		Manager: "kubectl-label", Operation: metav1.ManagedFieldsOperationUpdate,
		FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:labels":{"f:hand":{}}}}`),
	}})
	api := fakeapi.New(t, live)
	client, err := dryrun.NewClient(&request.Config{Host: api.URL})
	if err != nil {
		t.Fatal(err)
	}
	requests := []diff.Request{ask("v1", "ConfigMap", "a", "c", configMap(map[string]string{"flux": "z"}))}
	answers, err := NewCluster(client, served).Answer(t.Context(), requests)
	if err != nil || answers[0].Applied == nil {
		t.Fatal(answers[0], err)
	}
	if got := fmt.Sprint(answers[0].Applied.GetLabels()); got != "map[flux:z]" {
		t.Errorf("it would have the labels %s", got)
	}
	sent := api.Requests()
	if n := len(sent); n != 3 || !strings.Contains(sent[2].Query, "dryRun=All") || !strings.Contains(sent[2].Query, "fieldManager=kustomize-controller") {
		t.Errorf("the requests are %v", sent)
	}
	now, err := client.Get(t.Context(), request.Place{GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, Resource: "configmaps", Namespace: "a"}, "c")
	if err != nil || fmt.Sprint(now.GetLabels()) != "map[flux:x hand:y]" {
		t.Errorf("the object has changed: %v %v", now, err)
	}
}

func TestAnswerEndsWithTheContext(t *testing.T) {
	api := fakeapi.New(t)
	api.Fail("/configmaps/", fakeapi.Hang())
	client, err := dryrun.NewClient(&request.Config{Host: api.URL})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	requests := make([]diff.Request, 100)
	for i := range requests {
		requests[i] = ask("v1", "ConfigMap", "a", "c", nil)
	}
	go func() {
		api.WaitFor("/configmaps/", maxParallel)
		cancel()
	}()
	if _, err := NewCluster(client, served).Answer(ctx, requests); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := api.Count("/configmaps/"); n > maxParallel {
		t.Errorf("%d requests at the same time", n)
	}
}

func TestFailureOf(t *testing.T) {
	status := &apierrors.StatusError{ErrStatus: metav1.Status{Code: 422, Reason: "Invalid", Message: "password=hunter2 is invalid", Details: &metav1.StatusDetails{Name: "x"}}}
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"none", nil, ""},
		{"a Status, without secrets", &dryrun.Error{Err: status}, "422 Invalid password=<redacted> is invalid"},
		{"no answer in time", &dryrun.Error{Err: context.DeadlineExceeded}, "0  the API server did not answer in time"},
		{"the network, without the address", &dryrun.Error{Err: &url.Error{Op: "Get", URL: "https://u:p@host", Err: errors.New("connection refused")}}, "0  connection refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if f := failureOf(test.err); f != nil {
				got = fmt.Sprintf("%d %s %s", f.Code, f.Reason, f.Message)
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
