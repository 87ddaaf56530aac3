package health

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// BenchmarkTenants judges all layers and releases of the given number of tenants, half of whose
// layers wait for a chain of others. The time for an object must not grow with their number.
func BenchmarkTenants(b *testing.B) {
	for _, tenants := range []int{10, 100, 1000} {
		snap, refs := platform(tenants)
		b.Run(fmt.Sprint(tenants), func(b *testing.B) {
			for b.Loop() {
				assessor := New(snap)
				for _, ref := range refs {
					assessor.Of(ref)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(refs)), "ns/object")
		})
	}
}

// platform has two layers and five releases for each tenant, one long chain of
// layers through all the tenants, and a warning about each of the layers.
func platform(tenants int) (*snapshot.Snapshot, []object.Ref) {
	var layers, releases, events []*unstructured.Unstructured
	for i := range tenants {
		name := fmt.Sprintf("t%04d", i)
		layers = append(layers, layer(name+"-dependency", fmt.Sprintf("t%04d-dependency", i-1), "False", "DependencyNotReady"),
			layer(name+"-application", name+"-dependency", "True", string(succeededReason)))
		events = append(events, warningFor(name+"-dependency"), warningFor(name+"-application"))
		for n := range 5 {
			releases = append(releases, release(name, fmt.Sprintf("release-%d", n)))
		}
	}
	layers[0] = layer("t0000-dependency", "t0000-application", "False", "HealthCheckFailed")
	builder := snapshot.NewBuilder()
	builder.Add(snapshot.Request{Group: object.KustomizationKind.Group, Kind: object.KustomizationKind.Kind}, layers...)
	builder.Add(snapshot.Request{Group: object.HelmReleaseKind.Group, Kind: object.HelmReleaseKind.Kind}, releases...)
	builder.Add(snapshot.Request{Kind: object.EventKind.Kind}, events...)
	var refs []object.Ref
	for _, obj := range append(layers, releases...) {
		refs = append(refs, object.RefOf(obj))
	}
	return builder.Build(snapshot.Meta{At: noon}), refs
}

func layer(name, needs, status, reason string) *unstructured.Unstructured {
	var inventory []any
	for i := range 30 {
		inventory = append(inventory, map[string]any{"id": fmt.Sprintf("%s_object-%d_apps_Deployment", name, i), "v": "v1"})
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
		"metadata": map[string]any{"name": name, "namespace": "flux-system", "generation": int64(1)},
		"spec":     map[string]any{"interval": "10m", "dependsOn": []any{map[string]any{"name": needs}}},
		"status": map[string]any{
			"observedGeneration": int64(1), "lastAppliedRevision": "main@sha1:4f2a", "inventory": map[string]any{"entries": inventory},
			"conditions": []any{map[string]any{"type": "Ready", "status": status, "reason": reason, "lastTransitionTime": "2026-03-01T11:50:00Z"}},
			"history": []any{map[string]any{"lastReconciledStatus": string(succeededReason),
				"firstReconciled": "2026-02-01T11:50:00Z", "lastReconciled": "2026-03-01T11:50:00Z"}},
		},
	}}
}

func release(namespace, name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
		"metadata": map[string]any{"name": name, "namespace": namespace, "generation": int64(1)},
		"spec":     map[string]any{"interval": "10m"},
		"status": map[string]any{
			"observedGeneration": int64(1),
			"conditions":         []any{map[string]any{"type": "Ready", "status": "True", "lastTransitionTime": "2026-03-01T11:50:00Z"}},
			"history":            []any{map[string]any{"chartName": "gateway", "chartVersion": "1.24.2"}},
		},
	}}
}

func warningFor(name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": "BuildFailed", "message": "kustomize build failed",
		"metadata":       map[string]any{"name": name + ".1", "namespace": "flux-system"},
		"lastTimestamp":  "2026-03-01T11:00:00Z",
		"involvedObject": map[string]any{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "namespace": "flux-system", "name": name},
	}}
}
