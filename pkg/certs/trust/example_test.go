package trust

import (
	"bytes"
	"crypto/x509"
	"testing"

	"github.com/digihunch/kubectl-orthweb/examples"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/file"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// TestRecordedKorthweb reads Secrets and configuration that cert-manager and Istio wrote.
func TestRecordedKorthweb(t *testing.T) {
	path, err := examples.Open("healthy")
	if err != nil {
		t.Fatal(err)
	}
	snap, err := file.Read(bytes.NewReader(path))
	if err != nil {
		t.Fatal(err)
	}
	tenants := tenant.Discover(snap)
	entries := List(snap, tenants)
	if len(tenants) == 0 || len(entries) != 2*len(tenants) {
		t.Fatalf("%d tenants, %d certificates:\n%s", len(tenants), len(entries), outline(entries))
	}
	for i, e := range entries {
		if len(e.Stored) == 0 || len(e.Unknown) > 0 || e.Verdict.Status != health.Ready || e.RenewalTime.IsZero() || e.Depth != i%2 {
			t.Errorf("%s: %+v", e.Ref, e)
		}
	}
	for i, one := range tenants {
		cas, unread := CAs(snap, one)
		if len(cas) != 1 || len(unread) > 0 {
			t.Fatalf("%s: %d cas, not seen %v", one.Name, len(cas), unread)
		}
		server := entries[2*i+1].Stored[0]
		if err := server.CheckSignatureFrom(cas[0].Certificate); err != nil {
			t.Errorf("%s: the tree has it the wrong way: %v", one.Name, err)
		}
		servers, _ := Servers(snap, one)
		results := Check(Question{Tenant: one.Name, Chain: []*x509.Certificate{server}, CAs: cas, Servers: servers, Now: snap.Meta().At})
		if r := resultOf(t, results, "CA"); r.Outcome != Pass {
			t.Errorf("%s: %+v", one.Name, r)
		}
		if r := resultOf(t, results, "web-gw:443"); r.Outcome != Warn || r.Fix.File == "" {
			t.Errorf("%s: %+v", one.Name, r)
		}
	}
}
