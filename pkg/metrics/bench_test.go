package metrics

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// BenchmarkThousandTenants measures what an assessment and a scrape of 1,000 tenants cost.
func BenchmarkThousandTenants(b *testing.B) {
	model := fakeapi.Example(b, "healthy")
	builder := snapshot.NewBuilder()
	for _, request := range model.Requests() {
		var objects []*unstructured.Unstructured
		objects = append(objects, model.List(request.GroupKind(), "").Objects...)
		builder.Add(request, fakeapi.Fleet(objects, 1000)...)
	}
	snap := builder.Build(model.Meta())
	var reading Reading
	b.Run("discover", func(b *testing.B) {
		for b.Loop() {
			tenant.Discover(snap)
		}
	})
	tenants := tenant.Discover(snap)
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			reading = Read(snap, tenants)
		}
	})
	b.Run("scrape", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			b.ReportMetric(float64(len(Samples(State{Reading: reading, Read: true, Current: true, Now: model.Meta().At, Limit: 20_000}))), "series")
		}
	})
}
