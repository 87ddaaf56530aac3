package trust

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

func TestEndpoints(t *testing.T) {
	c := korthweb(t, "bhs", "mhr")
	c.set("Service mhr-orthweb/istio-ingressgateway", []any{map[string]any{"ip": "192.0.2.8"}, map[string]any{"hostname": "elb.example.com"}},
		"status", "loadBalancer", "ingress")
	c.set("Gateway mhr-orthweb/web-gw", []any{map[string]any{"port": map[string]any{"number": int64(443), "protocol": "HTTPS"},
		"hosts": []any{"mhr-orthweb/*.mhr.orthweb.com"}, "tls": map[string]any{"mode": "PASSTHROUGH", "credentialName": "orthweb-secret"}}}, "spec", "servers")
	snap := c.snapshot()
	var got []string
	for _, e := range Endpoints(List(snap, c.tenants), tenant.Assess(snap, c.tenants)) {
		got = append(got, fmt.Sprintf("%d %s:%d %s", e.Entry, e.Address, e.Port, e.ServerName))
	}
	want := []string{
		"1 192.0.2.7:11112 dicom.bhs.orthweb.com", "1 192.0.2.7:443 web.bhs.orthweb.com",
		"3 192.0.2.8:11112 dicom.mhr.orthweb.com", "3 elb.example.com:11112 dicom.mhr.orthweb.com",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestServerName(t *testing.T) {
	e := Entry{Names: []string{"*.bhs.org", "ct1@bhs.org", "dicom.bhs.org"}}
	for _, c := range []struct {
		hosts []string
		want  string
	}{
		{[]string{"web.bhs.org"}, "web.bhs.org"},
		{[]string{"*"}, "dicom.bhs.org"},
		{[]string{"*.bhs.org"}, "dicom.bhs.org"},
		{[]string{"*.mhr.org", "web.mhr.org"}, "web.mhr.org"},
		{[]string{"*.mhr.org"}, ""},
		{nil, ""},
	} {
		if got := (Use{Hosts: c.hosts}).serverName(e); got != c.want {
			t.Errorf("%v: %q, want %q", c.hosts, got, c.want)
		}
	}
}

func TestCompare(t *testing.T) {
	c := korthweb(t, "bhs", "mhr")
	entries := List(c.snapshot(), c.tenants)
	ca := c.ca["bhs"]
	unread := slices.Clone(entries)
	unread[1].Stored = nil
	at := Endpoint{Address: "192.0.2.7", Port: 443, Entry: 1}
	nameless := func(c *x509.Certificate) { c.DNSNames = nil }
	for _, test := range []struct {
		about   string
		entries []Entry
		seen    Observation
		want    Match
		detail  string
	}{
		{"the stored one", entries, Observation{Chain: chainOf(c.web["bhs"], ca), AsksClient: true}, Same, ""},
		{"one from before", entries, Observation{Chain: chainOf(ca.issue(t, server("web.bhs.orthweb.com"), between(-400*hours, 9*hours)))}, Older, "issued before the stored one, at 2026-02-12 20:00 UTC"},
		{"one from later", entries, Observation{Chain: chainOf(ca.issue(t, server("web.bhs.orthweb.com"), between(-hours, 9*hours)))}, Newer, "issued later than the stored one, at 2026-03-01 11:00 UTC"},
		{"another tenant's", entries, Observation{Chain: chainOf(c.web["mhr"])}, Other, "that of Certificate mhr-orthweb/orthweb-cert, tenant mhr"},
		{"the tenant's own CA", entries, Observation{Chain: chainOf(ca)}, Other, "that of Certificate bhs-orthweb/int-ca-cert"},
		{"somebody else's", entries, Observation{Chain: chainOf(newCA(t).issue(t, server("example.com")))}, Foreign, "subject CN=orthweb.com,O=Digihunch and issuer CN=int-ca"},
		{"without any names", entries, Observation{Chain: chainOf(ca.issue(t, server(), nameless))}, Foreign, "and is none of these"},
		{"no answer", entries, Observation{Err: errors.New("connection refused")}, Unclear, "connection refused"},
		{"no certificate", entries, Observation{}, Unclear, "presented no certificate"},
		{"nothing to compare with", unread, Observation{Chain: chainOf(c.web["bhs"])}, Unclear, "the stored certificate is not known"},
	} {
		test.seen.Endpoint = at
		compared := Compare(test.entries, []Observation{test.seen, {Endpoint: Endpoint{Entry: 99}}})
		if len(compared[1].Served) != 1 || len(compared[0].Served)+len(compared[2].Served) > 0 || test.entries[1].Served != nil {
			t.Fatalf("%s: put in the wrong place", test.about)
		}
		served := compared[1].Served[0]
		if served.Match != test.want || !strings.Contains(served.Detail, test.detail) || (test.detail == "") != (served.Detail == "") || served.AsksClient != test.seen.AsksClient {
			t.Errorf("%s: %s: %s", test.about, served.Match, served.Detail)
		}
		if again := Compare(compared, nil); again[1].Served != nil {
			t.Errorf("%s: what was seen before is kept", test.about)
		}
	}
}

func TestSameNames(t *testing.T) {
	ca := newCA(t)
	bare := func(name string) pair { return ca.issue(t, common(name)) }
	if !sameNames(bare("a").Certificate, bare("a").Certificate) || sameNames(bare("a").Certificate, bare("b").Certificate) {
		t.Error("without names the subject decides")
	}
	if sameNames(ca.issue(t, common("a"), server("x")).Certificate, bare("a").Certificate) {
		t.Error("names are compared with no names")
	}
}
