package collect

import (
	"encoding/json"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// These are the kinds that the tests request.
var (
	pod     = schema.GroupKind{Kind: "Pod"}
	service = schema.GroupKind{Kind: "Service"}
	secret  = schema.GroupKind{Kind: "Secret"}
	node    = schema.GroupKind{Kind: "Node"}
	layer   = schema.GroupKind{Group: "kustomize.toolkit.fluxcd.io", Kind: "Kustomization"}
	gateway = schema.GroupKind{Group: "networking.istio.io", Kind: "Gateway"}
)

// newObject returns an object of a cluster, with further fields as JSON.
func newObject(t *testing.T, apiVersion, kind, namespace, name, fields string) *unstructured.Unstructured {
	t.Helper()
	obj := &unstructured.Unstructured{Object: map[string]any{}}
	if fields != "" {
		if err := json.Unmarshal([]byte(fields), &obj.Object); err != nil {
			t.Fatal(err)
		}
	}
	obj.SetAPIVersion(apiVersion)
	obj.SetKind(kind)
	obj.SetNamespace(namespace)
	obj.SetName(name)
	return obj
}

// open discovers the kinds that the server serves.
func open(t *testing.T, api *fakeapi.Server, opts Options) *Session {
	t.Helper()
	session, err := Open(t.Context(), &rest.Config{Host: api.URL}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// read lists kinds of the server's cluster.
func read(t *testing.T, api *fakeapi.Server, queries ...Query) *snapshot.Snapshot {
	t.Helper()
	snap, err := open(t, api, Options{}).Read(t.Context(), queries)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// names are the names of a snapshot's objects of a kind, in order.
func names(snap *snapshot.Snapshot, kind schema.GroupKind) string {
	var found []string
	for _, obj := range snap.List(kind, "").Objects {
		found = append(found, obj.GetName())
	}
	return strings.Join(found, " ")
}

// failure returns why the only list of a kind failed.
func failure(t *testing.T, snap *snapshot.Snapshot, kind schema.GroupKind) snapshot.Failure {
	t.Helper()
	var found []snapshot.Request
	for _, request := range snap.Requests() {
		if request.GroupKind() == kind {
			found = append(found, request)
		}
	}
	if len(found) != 1 || found[0].Failure == nil {
		t.Fatalf("want one list of %s that failed, got %+v", kind, found)
	}
	return *found[0].Failure
}

// presence is what the snapshot knows of an object that the cluster does not have.
func presence(snap *snapshot.Snapshot, kind schema.GroupKind) snapshot.Presence {
	return snap.Lookup(object.Ref{APIVersion: schema.GroupVersion{Group: kind.Group, Version: "v1"}.String(), Kind: kind.Kind, Namespace: "x", Name: "nobody"}).Presence
}
