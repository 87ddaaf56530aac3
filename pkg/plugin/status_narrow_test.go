package plugin

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// TestStatusOfOneOfMany checks that the chain of a tenant among many is that of a complete
// snapshot, and that no other tenant's namespaces are read for it.
func TestStatusOfOneOfMany(t *testing.T) {
	for _, example := range []string{"healthy", "failing"} {
		api := fleetOf(t, example, 20)
		saved := t.TempDir() + "/all.tgz"
		_, _ = statusOf(api, "--save", saved, "--kubeconfig", api.Kubeconfig())
		for _, names := range [][]string{{"bhs"}, {"t0005"}, {"t0005", "bhs"}, {"t0007-orthweb"}} {
			before := len(api.Requests())
			got, gotErr := statusOf(api, append(names, "-o", "json", "--kubeconfig", api.Kubeconfig())...)
			for _, r := range api.Requests()[before:] {
				if in := inNamespace.FindStringSubmatch(r.Path); in != nil && strings.HasPrefix(in[1], "t0") && !slices.Contains(names, in[1][:5]) && in[1] != names[0] {
					t.Errorf("status %v reads %s", names, r.Path)
				}
			}
			want, wantErr := statusOf(api, append(names, "-o", "json", "--from", saved)...)
			if got != want || gotErr != wantErr {
				t.Errorf("%s, status %v: got\n%s%s\nwant\n%s%s", example, names, got, gotErr, want, wantErr)
			}
		}
	}
}

// TestStatusOfScatteredTenant checks that a tenant among many has the objects that no layer of it
// names: the Service of a central ingress, a release that installs into its namespace, and an
// Orthanc in another namespace with its label.
func TestStatusOfScatteredTenant(t *testing.T) {
	api := fleetOf(t, "healthy", 20)
	model := fakeapi.Example(t, "healthy")
	put := func(kind schema.GroupKind, name, namespace string, change func(*unstructured.Unstructured)) {
		for _, obj := range model.List(kind, "mhr-orthweb").Objects {
			if obj.GetName() == name {
				obj = obj.DeepCopy()
				obj.SetNamespace(namespace)
				change(obj)
				api.Put(obj)
				return
			}
		}
		t.Fatalf("%s %s does not exist", kind, name)
	}
	set := func(obj *unstructured.Unstructured, value any, fields ...string) {
		if err := unstructured.SetNestedField(obj.Object, value, fields...); err != nil {
			t.Fatal(err)
		}
	}
	put(object.ServiceKind, "istio-ingressgateway", "central", func(obj *unstructured.Unstructured) {
		unstructured.RemoveNestedField(obj.Object, "status", "loadBalancer")
	})
	api.Delete(&unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": "istio-ingressgateway", "namespace": "t0005-orthweb"}}})
	put(object.HelmReleaseKind, "postgres-ha", "releases", func(obj *unstructured.Unstructured) {
		obj.SetName("other")
		set(obj, "t0005-orthweb", "spec", "targetNamespace")
		set(obj, []any{map[string]any{"type": "Ready", "status": "False", "reason": "InstallFailed", "message": "no"}}, "status", "conditions")
	})
	archive := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "archive", "labels": map[string]any{"org": "t0005"}}}}
	api.Put(archive)
	put(object.DeploymentKind, "orthanc", "archive", func(obj *unstructured.Unstructured) {
		set(obj, int64(0), "status", "availableReplicas")
	})
	saved := t.TempDir() + "/all.tgz"
	_, _ = statusOf(api, "--save", saved, "--kubeconfig", api.Kubeconfig())
	got, _ := statusOf(api, "t0005", "-o", "json", "--kubeconfig", api.Kubeconfig())
	want, _ := statusOf(api, "t0005", "-o", "json", "--from", saved)
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, part := range []string{`"central"`, `"releases"`, `"archive"`} {
		if !strings.Contains(want, part) {
			t.Errorf("no object in %s: the test compares nothing", part)
		}
	}
}

// TestStatusReadsEvents checks that events are read only about objects of Flux that are not ready,
// in their namespaces, or in all if there are many.
func TestStatusReadsEvents(t *testing.T) {
	healthy, failing := fleetOf(t, "healthy", 20), fleetOf(t, "failing", 20)
	for _, c := range []struct {
		about string
		api   *fakeapi.Server
		args  []string
		want  string
	}{
		{"healthy", healthy, nil, ""},
		{"one of healthy", healthy, []string{"bhs"}, ""},
		{"one fails", failing, nil, "/api/v1/namespaces/flux-system/events"},
		{"the one that fails", failing, []string{"bhs"}, "/api/v1/namespaces/flux-system/events"},
		{"many fail", failing, nil, "/api/v1/namespaces/flux-system/events /api/v1/events"},
	} {
		if c.about == "many fail" {
			for _, obj := range fakeapi.Example(t, "failing").List(object.HelmReleaseKind, "mhr-orthweb").Objects {
				for i := range 12 {
					obj = obj.DeepCopy()
					obj.SetNamespace(fmt.Sprintf("t%04d-orthweb", i))
					unstructured.RemoveNestedField(obj.Object, "status", "conditions")
					c.api.Put(obj)
				}
			}
		}
		before := len(c.api.Requests())
		_, _ = statusOf(c.api, append(c.args, "--kubeconfig", c.api.Kubeconfig())...)
		var got []string
		for _, r := range c.api.Requests()[before:] {
			if strings.HasSuffix(r.Path, "/events") {
				got = append(got, r.Path)
			}
		}
		slices.Sort(got)
		want := strings.Fields(c.want)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: events are read from %q, want %q", c.about, got, want)
		}
	}
}

func statusOf(api *fakeapi.Server, args ...string) (string, string) {
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	cmd := NewRoot(streams)
	cmd.SetArgs(append([]string{"status"}, args...))
	if err := cmd.ExecuteContext(context.Background()); err != nil {
		errOut.WriteString(err.Error())
	}
	return strings.TrimSpace(out.String()), string(bytes.TrimSpace(errOut.Bytes()))
}
