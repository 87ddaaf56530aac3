package tenant

import (
	"reflect"
	"strings"
	"testing"
)

func TestHostNames(t *testing.T) {
	c := testCase{Korthweb: korthweb{Tenants: []string{"bhs", "mhr"}}}
	c.Objects = []map[string]any{
		{ // of the mesh alone
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
		"dicom.bhs.orthweb.com Gateway/dcm-gw VirtualService/dcm-vs Certificate/orthweb-cert",
		"web.bhs.orthweb.com Gateway/web-gw VirtualService/web-vs Certificate/orthweb-cert",
		"pacs.bhs.orthweb.com Certificate/orthweb-cert",
		"dicom.mhr.orthweb.com Gateway/dcm-gw VirtualService/dcm-vs Certificate/orthweb-cert",
		"web.mhr.orthweb.com Gateway/web-gw VirtualService/web-vs Certificate/orthweb-cert",
	}
	if !reflect.DeepEqual(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

func TestOwnDomains(t *testing.T) {
	for _, c := range []struct{ about, tenant, hosts, want string }{
		{"by its name", "bhs", "web.bhs.orthweb.com dicom.bhs.orthweb.com", "bhs.orthweb.com"},
		{"others' names don't count", "bhs", "web.bhs.orthweb.com www.example.com", "bhs.orthweb.com"},
		{"its name is the domain's", "bhs", "web.bhs.org *.bhs.org", "bhs.org"},
		{"in any case", "BHS", "web.Bhs.org", "bhs.org"},
		{"another name", "bhs", "web.beaverdale.org dicom.beaverdale.org", "beaverdale.org"},
		{"nothing in common", "bhs", "web.beaverdale.org www.example.com", ""},
		{"what anybody may have a name under", "bhs", "web.co.uk dicom.co.uk", ""},
		{"no name", "bhs", "*", ""},
		{"no domain", "bhs", "bhs", ""},
		{"none", "bhs", "", ""},
	} {
		var names []HostName
		for _, host := range strings.Fields(c.hosts) {
			names = append(names, HostName{Name: host})
		}
		if got := strings.Join(OwnDomains(c.tenant, names), " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.about, got, c.want)
		}
	}
}
