package render

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// BenchmarkTenants prints a table of 1,000 tenants, and the chain of each.
func BenchmarkTenants(b *testing.B) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	statuses := make([]tenant.Status, 1000)
	for i := range statuses {
		name := fmt.Sprintf("tenant-%d", i)
		ref := object.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: name + "-orthweb", Name: "orthanc"}
		statuses[i] = tenant.Status{
			Name: name, Namespaces: []string{name + "-orthweb"},
			Web:     tenant.Endpoint{Hosts: []string{"web." + name + ".example.com"}, Port: 443},
			DICOM:   tenant.Endpoint{Hosts: []string{"dicom." + name + ".example.com"}, Port: 11112},
			Verdict: health.Verdict{Ref: ref, Status: health.Failing, Reason: "ImagePullBackOff", Since: now.Add(-time.Hour), Message: "0 of 1 pods are ready"},
		}
		for range 20 {
			statuses[i].Chain = append(statuses[i].Chain, tenant.Link{Section: "Workloads", Verdict: statuses[i].Verdict})
		}
	}
	for b.Loop() {
		if err := Tenants(io.Discard, statuses, now, term.Style{}); err != nil {
			b.Fatal(err)
		}
		for _, s := range statuses {
			if err := Chain(io.Discard, s, now, term.Style{}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
