package tenant

import (
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ownersOf parses the owners in a cluster from "tenant: host host", one a line; an object in
// that namespace names a host with "@namespace".
func ownersOf(claims string) *HostOwners {
	var tenants []Tenant
	var names [][]HostName
	for line := range strings.Lines(claims) {
		name, hosts, _ := strings.Cut(strings.TrimSpace(line), ":")
		tenants = append(tenants, Tenant{Name: name, Namespaces: []string{name + "-orthweb"}})
		var own []HostName
		for _, host := range strings.Fields(hosts) {
			host, namespace, ok := strings.Cut(host, "@")
			if !ok {
				namespace = name + "-orthweb"
			}
			own = append(own, HostName{Name: host, From: []object.Ref{{Kind: "Gateway", Namespace: namespace, Name: "gw"}}})
		}
		names = append(names, own)
	}
	return NewHostOwners(tenants, names)
}

func TestHostOwnersContested(t *testing.T) {
	for _, c := range []struct{ about, claims, want string }{
		{"one each", "bhs: web.bhs.org\nmhr: web.mhr.org", ""},
		{"the same", "bhs: web.mhr.org dicom.mhr.org\nmhr: dicom.mhr.org web.mhr.org", "dicom.mhr.org web.mhr.org"},
		{"in another case, with the root's dot", "bhs: WEB.mhr.org\nmhr: web.mhr.org.", "web.mhr.org"},
		{"three", "bhs: a.b.org\nmhr: a.b.org\nx: a.b.org", "a.b.org"},
		{"a tenant twice", "bhs: web.bhs.org WEB.bhs.org", ""},
		{"patterns", "bhs: * *.orthweb.com\nmhr: * *.orthweb.com", ""},
		{"a central certificate", "bhs: web.bhs.org web.mhr.org@istio-system\nmhr: web.mhr.org", ""},
	} {
		if got := strings.Join(ownersOf(c.claims).Contested(), " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.about, got, c.want)
		}
	}
}

func TestHostOwnersOf(t *testing.T) {
	for _, c := range []struct {
		about, tenants, accepted, granted, name, want string
		by                                            OwnershipReason
	}{
		{"its label", "bhs mhr", "", "", "web.mhr.orthweb.com", "mhr", ByLabel},
		{"in another case", "BHS mhr", "", "", "Web.Bhs.Orthweb.COM.", "BHS", ByLabel},
		{"the host itself", "bhs mhr", "", "", "mhr.orthweb.com", "mhr", ByLabel},
		{"words of a label", "bhs mhr", "", "", "web-mhr.orthweb.com", "mhr", ByLabel},
		{"not a part of a word", "bhs mhr", "", "", "mhrx.orthweb.com", "", ""},
		{"the label next to the domain", "bhs mhr", "", "", "bhs.mhr.orthweb.com", "mhr", ByLabel},
		{"a tenant called like a host", "bhs web", "", "", "web.bhs.orthweb.com", "bhs", ByLabel},
		{"a tenant called like the domain", "bhs orthweb", "", "", "web.bhs.orthweb.com", "bhs orthweb", ByLabel},
		{"a tenant called like the domain, accepted", "bhs orthweb", "bhs:web.bhs.orthweb.com", "", "web.bhs.orthweb.com", "bhs", ByAccepted},
		{"a name that is no label", "MHR_Clinic bhs", "", "", "login.mhr-clinic.orthweb.com", "MHR_Clinic", ByLabel},
		{"its registrable domain", "bhs mhr", "", "", "www.mhr.co.uk", "mhr", ByLabel},
		{"below another's registrable domain", "bhs mhr", "", "", "bhs.mhr.com", "bhs mhr", ByLabel},
		{"not the suffix", "co mhr", "", "", "www.example.co.uk", "", ""},
		{"the longer of two", "a a-b", "", "", "web-a-b.orthweb.com", "a-b", ByLabel},
		{"two in one label", "bhs web", "", "", "bhs-web.orthweb.com", "bhs web", ByLabel},
		{"nobody's", "bhs mhr", "", "", "www.google.com", "", ""},
		{"accepted", "bhs mhr", "mhr:pacs.hospital.org", "", "pacs.hospital.org", "mhr", ByAccepted},
		{"its domain is accepted", "bhs mhr", "mhr:pacs.imaging.hospital.org", "", "login.imaging.hospital.org", "mhr", ByDomain},
		{"a registrable domain is not", "bhs mhr", "mhr:pacs.hospital.org", "", "login.hospital.org", "", ""},
		{"accepted for two", "bhs mhr", "mhr:a.imaging.hospital.org bhs:b.imaging.hospital.org", "", "c.imaging.hospital.org", "", ""},
		{"the label before what was accepted", "bhs mhr", "bhs:web.mhr.orthweb.com", "", "web.mhr.orthweb.com", "mhr", ByLabel},
		{"a tenant of the file alone", "bhs", "mhr:web.mhr.orthweb.com", "", "dicom.mhr.orthweb.com", "mhr", ByLabel},
		{"granted before the label", "bhs imaging", "", "bhs:bhs.imaging.hospital.org", "bhs.imaging.hospital.org", "bhs", ByGrant},
		{"granted with more than a label's domain", "bhs mhr", "", "mhr:orthweb.com", "web.bhs.orthweb.com", "bhs", ByLabel},
		{"granted elsewhere", "bhs imaging", "", "bhs:other.org", "bhs.imaging.hospital.org", "imaging", ByLabel},
		{"the narrower grant", "bhs mhr", "", "bhs:hospital.org mhr:x.hospital.org", "a.x.hospital.org", "mhr", ByGrant},
	} {
		o := ownersOf(strings.ReplaceAll(c.tenants, " ", ":\n") + ":")
		for _, pair := range strings.Fields(c.accepted) {
			tenant, name, _ := strings.Cut(pair, ":")
			o.Accept(tenant, name)
		}
		for _, pair := range strings.Fields(c.granted) {
			tenant, name, _ := strings.Cut(pair, ":")
			o.Grant(tenant, name)
		}
		got := o.Of(c.name)
		if strings.Join(got.Owners, " ") != c.want || got.By != c.by {
			t.Errorf("%s: got %v, %q; want %s, %q", c.about, got.Owners, got.By, c.want, c.by)
		}
		for _, tenant := range strings.Fields(c.tenants) {
			if can := c.want == "" || c.want == tenant; got.CanBe(tenant) != can {
				t.Errorf("%s: can it be %s? %v", c.about, tenant, !can)
			}
		}
	}
}

func TestHostDomain(t *testing.T) {
	for _, c := range []struct{ about, tenant, name, want string }{
		{"from its name on", "bhs", "web.bhs.orthweb.com", "bhs.orthweb.com"},
		{"the host is called so", "bhs", "bhs.orthweb.com", "bhs.orthweb.com"},
		{"in any case", "BHS", "web.Bhs.Orthweb.com.", "bhs.orthweb.com"},
		{"its name twice", "bhs", "bhs.web.bhs.orthweb.com", "bhs.orthweb.com"},
		{"another name", "bhs", "web.imaging.beaverdale.org", "imaging.beaverdale.org"},
		{"a registrable domain", "bhs", "web.beaverdale.org", ""},
		{"its own registrable domain", "mhr", "web.mhr.com", ""},
		{"the registrable domain itself", "mhr", "mhr.com", ""},
		{"below its registrable domain", "mhr", "web.pacs.mhr.com", "pacs.mhr.com"},
		{"a registrable domain of three labels", "bhs", "web.bhs.co.uk", ""},
		{"below that", "bhs", "web.pacs.bhs.co.uk", "pacs.bhs.co.uk"},
		{"of a vendor's customers", "mhr", "mhr.github.io", ""},
		{"a suffix", "bhs", "co.uk", ""},
		{"one label", "bhs", "bhs", ""},
		{"none", "bhs", "", ""},
		{"a domain that is not public", "bhs", "web.bhs.orthweb.internal", "bhs.orthweb.internal"},
	} {
		if got := HostDomain(c.tenant, c.name); got != c.want {
			t.Errorf("%s: got %q, want %q", c.about, got, c.want)
		}
	}
}

// TestHostNamesOfOtherNamespaces checks that a Gateway that has a host for the routes of
// another tenant's namespace is shared, and claims nothing.
func TestHostNamesOfOtherNamespaces(t *testing.T) {
	c := testCase{Korthweb: korthweb{Tenants: []string{"bhs", "mhr"}}}
	c.Objects = []map[string]any{{
		"apiVersion": "networking.istio.io/v1", "kind": "Gateway",
		"metadata": map[string]any{"name": "shared", "namespace": "bhs-orthweb"},
		"spec": map[string]any{"servers": []any{map[string]any{
			"hosts": []any{"mhr-orthweb/web.mhr.orthweb.com", "./own.bhs.orthweb.com", "*/any.bhs.orthweb.com"},
			"port":  map[string]any{"number": 443, "protocol": "HTTPS"},
		}}},
	}}
	snap := c.snapshot(c.objects(t))
	tenants := Discover(snap)
	names := HostNames(snap, tenants)
	var got []string
	for _, h := range names[0] {
		got = append(got, h.Name)
	}
	slices.Sort(got)
	if want := "any.bhs.orthweb.com dicom.bhs.orthweb.com own.bhs.orthweb.com web.bhs.orthweb.com"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if contested := NewHostOwners(tenants, names).Contested(); len(contested) > 0 {
		t.Errorf("contested: %v", contested)
	}
}
