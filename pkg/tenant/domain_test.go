package tenant

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

func TestDomain(t *testing.T) {
	for _, c := range []struct{ about, web, dicom, want string }{
		{"both", "web.bhs.orthweb.com", "dicom.bhs.orthweb.com", "bhs.orthweb.com"},
		{"one", "", "dicom.bhs.orthweb.com", "bhs.orthweb.com"},
		{"several", "web.bhs.org pacs.bhs.org", "dicom.img.bhs.org", "bhs.org"},
		{"any host of a domain", "*.bhs.org", "dicom.bhs.org", "bhs.org"},
		{"any host", "web.bhs.org", "*", ""},
		{"nothing in common", "web.bhs.org", "dicom.bhs.com", ""},
		{"one label in common", "web.bhs.com", "dicom.other.com", ""},
		{"a short name", "web", "", ""},
		{"not known", "", "", ""},
	} {
		s := Status{Web: Endpoint{Hosts: strings.Fields(c.web)}, DICOM: Endpoint{Hosts: strings.Fields(c.dicom)}}
		if got := s.Domain(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.about, got, c.want)
		}
	}
}

func TestIn(t *testing.T) {
	namespace := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace",
		"metadata": map[string]any{"name": "radiology", "labels": map[string]any{"org": "mhr"}},
	}}
	builder := snapshot.NewBuilder()
	builder.Add(snapshot.Request{Version: "v1", Kind: "Namespace"}, namespace)
	snap := builder.Build(snapshot.Meta{At: now})
	for _, c := range []struct{ about, namespace, want string }{
		{"by its label", "radiology", "mhr"},
		{"by its name", "bhs-orthweb", "bhs"},
		{"by nothing", "prod", "prod"},
	} {
		if got := OfNamespace(snap, c.namespace); got.Name != c.want || len(got.Namespaces) != 1 || got.Namespaces[0] != c.namespace {
			t.Errorf("%s: got %+v, want %q", c.about, got, c.want)
		}
	}
}
