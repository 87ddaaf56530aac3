package tenant

import (
	"reflect"
	"strings"
	"testing"
)

func TestHostNames(t *testing.T) {
	c := testCase{Korthweb: korthweb{Tenants: []string{"bhs", "mhr"}}}
	c.Objects = []map[string]any{
		{ // within the mesh only
			"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
			"metadata": map[string]any{"name": "inner", "namespace": "bhs-orthweb"},
			"spec":     map[string]any{"hosts": []any{"orthweb"}, "http": []any{map[string]any{}}},
		},
		{
			"apiVersion": "cert-manager.io/v1", "kind": "Certificate",
			"metadata": map[string]any{"name": "orthweb-cert", "namespace": "bhs-orthweb"},
			"spec":     map[string]any{"dnsNames": []any{"web.bhs.orthweb.com", "dicom.bhs.orthweb.com", "pacs.bhs.orthweb.com"}},
		},
	}
	snap := c.snapshot(c.objects(t))
	got := HostNames(snap, Discover(snap))
	var lines []string
	for _, tenant := range got {
		for _, h := range tenant {
			var from []string
			for _, ref := range h.From {
				from = append(from, ref.Kind+"/"+ref.Name)
			}
			lines = append(lines, h.Name+" "+strings.Join(from, " "))
		}
	}
	want := []string{
		"dicom.bhs.orthweb.com VirtualService/dcm-vs Certificate/orthweb-cert",
		"web.bhs.orthweb.com Gateway/web-gw VirtualService/web-vs Certificate/orthweb-cert",
		"pacs.bhs.orthweb.com Certificate/orthweb-cert",
		"dicom.mhr.orthweb.com VirtualService/dcm-vs Certificate/orthweb-cert",
		"web.mhr.orthweb.com Gateway/web-gw VirtualService/web-vs Certificate/orthweb-cert",
	}
	if !reflect.DeepEqual(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}
