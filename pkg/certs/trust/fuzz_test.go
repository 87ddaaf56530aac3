package trust

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"testing"
)

// FuzzDecode decodes, describes and checks arbitrary content of a Secret.
func FuzzDecode(f *testing.F) {
	ca := newCA(f)
	f.Add(inBase64(ca.issue(f), ca))
	f.Add(inBase64(ca) + "!")
	f.Add(base64.StdEncoding.EncodeToString([]byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		chain := decode(text)
		report := Describe(chain, now)
		if len(report.Certificates) != len(chain) {
			t.Fatalf("%d of %d certificates", len(report.Certificates), len(chain))
		}
		results := Check(Question{Tenant: "bhs", Chain: chain, CAs: []CA{{Certificate: ca.Certificate}}, Now: now,
			Servers: []Server{{Mode: Mutual, CA: []*x509.Certificate{ca.Certificate}}}})
		for _, r := range results {
			if r.Name == "" || r.Outcome == "" || r.Detail == "" {
				t.Errorf("a check without a word: %+v", r)
			}
		}
	})
}

func BenchmarkList(b *testing.B) {
	var names []string
	for i := range 50 {
		names = append(names, fmt.Sprintf("t%d", i))
	}
	c := korthweb(b, names...)
	snap := c.snapshot()
	for b.Loop() {
		if got := List(snap, c.tenants); len(got) != 100 {
			b.Fatal(len(got))
		}
	}
}
