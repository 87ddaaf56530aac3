package diagnose

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts/entries"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

// TestKeptFields checks for each recorded cluster that the states of its tenants, their certificates
// and their host names are the same when only the fields of queries.OnlyFields are kept.
func TestKeptFields(t *testing.T) {
	snaps := map[string]*snapshot.Snapshot{}
	for _, name := range recording.Examples() {
		snaps[name] = fakeapi.Example(t, strings.TrimPrefix(name, recording.ExamplePrefix))
	}
	for _, c := range faultCases(t) {
		snaps[c.name] = c.snap
	}
	for _, c := range []struct {
		about    string
		required func() []collect.Query
		conclude func(t *testing.T, snap *snapshot.Snapshot) any
	}{
		{"states", queries.Status, func(t *testing.T, snap *snapshot.Snapshot) any {
			statuses, err := selection.Named(snap, nil, nil)
			return []any{statuses, fmt.Sprint(err)}
		}},
		{"certificates", func() []collect.Query { return queries.Certificates("", false) }, func(t *testing.T, snap *snapshot.Snapshot) any {
			return trust.List(snap, tenant.Discover(snap))
		}},
		{"hosts", func() []collect.Query { return queries.Ingress("") }, func(t *testing.T, snap *snapshot.Snapshot) any {
			result, err := entries.Derive(t.Context(), snap, entries.Options{Prefer: entries.First})
			return []any{result, fmt.Sprint(err)}
		}},
	} {
		dropped := 0
		for name, recorded := range snaps {
			t.Run(c.about+"/"+name, func(t *testing.T) {
				api := serve(t, recorded)
				all, kept := c.required(), queries.OnlyFields(c.required())
				whole, some := readFrom(t, api, all), readFrom(t, api, kept)
				want, got := indented(t, c.conclude(t, whole)), indented(t, c.conclude(t, some))
				if want != got {
					t.Errorf("with all fields:\n%s\nwithout:\n%s", want, got)
				}
				dropped += sizeOf(t, whole, all) - sizeOf(t, some, kept)
			})
		}
		if dropped < 100_000 {
			t.Errorf("%s: only %d bytes were not kept: what does the test compare?", c.about, dropped)
		}
	}
}

// serve serves the objects of a recorded cluster. Its certificates have all kinds of names.
func serve(t *testing.T, recorded *snapshot.Snapshot) *fakeapi.Server {
	t.Helper()
	var objects []*unstructured.Unstructured
	for _, request := range recorded.Requests() {
		for _, obj := range recorded.List(request.GroupKind(), "").Objects {
			obj = obj.DeepCopy()
			if spec := object.Map(obj.Object, "spec"); obj.GetKind() == object.CertificateKind.Kind && spec != nil {
				spec["ipAddresses"], spec["emailAddresses"] = []any{"192.0.2.1"}, []any{"pacs@example.org"}
				spec["uris"] = []any{"spiffe://example.org/orthanc"}
			}
			objects = append(objects, obj)
		}
	}
	api := fakeapi.New(t, objects...)
	api.SetTime(recorded.Meta().At)
	return api
}

func readFrom(t *testing.T, api *fakeapi.Server, required []collect.Query) *snapshot.Snapshot {
	t.Helper()
	session, err := collect.Open(t.Context(), &rest.Config{Host: api.URL}, collect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	snap, err := session.Read(t.Context(), required)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

func indented(t *testing.T, value any) string {
	t.Helper()
	text, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// sizeOf is the size of what was read.
func sizeOf(t *testing.T, snap *snapshot.Snapshot, required []collect.Query) int {
	t.Helper()
	size := 0
	for _, query := range required {
		for _, obj := range snap.List(query.GroupKind, "").Objects {
			part, err := obj.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			size += len(part)
		}
	}
	return size
}
