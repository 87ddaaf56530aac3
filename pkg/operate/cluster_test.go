package operate

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// now is the current time in all test clusters.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// cluster describes a Korthweb: lines of "kind/name state attribute…". States are ready,
// failing, trying, stalled and absent; attributes are suspended, on:NAME (depends on), by:NAME
// (applied by) and those of object.
const cluster = `
	source/flux-system ready
	layer/flux-system ready
	layer/infrastructure ready by:flux-system
	layer/bhs-dependency ready by:flux-system on:infrastructure
	layer/bhs-application ready by:flux-system on:bhs-dependency
	layer/mhr-application ready by:flux-system on:infrastructure
	release/postgres-ha ready by:bhs-dependency
	release/istio-ingress ready by:bhs-dependency on:postgres-ha`

// with replaces the lines of the cluster that name the same objects.
func with(lines ...string) string {
	text := cluster
	for _, line := range lines {
		name, _, _ := strings.Cut(line, " ")
		var kept []string
		for _, old := range strings.Split(text, "\n") {
			if !strings.HasPrefix(strings.TrimSpace(old), name+" ") {
				kept = append(kept, old)
			} else {
				kept = append(kept, line)
			}
		}
		text = strings.Join(kept, "\n")
	}
	return text
}

var kinds = map[string]struct {
	schema.GroupKind
	version, namespace string
}{
	"source":  {object.GitRepositoryKind, "v1", "flux-system"},
	"layer":   {object.KustomizationKind, "v1", "flux-system"},
	"release": {object.HelmReleaseKind, "v2", "bhs-orthweb"},
	"repo":    {object.HelmRepositoryKind, "v1", "flux-system"},
	"oci":     {object.OCIRepositoryKind, "v1", "flux-system"},
	"chart":   {object.HelmChartKind, "v1", "flux-system"},
}

// refOf returns the object of "kind/name".
func refOf(t *testing.T, text string) object.Ref {
	t.Helper()
	word, name, _ := strings.Cut(text, "/")
	kind, ok := kinds[word]
	if !ok {
		t.Fatalf("no such kind: %q", text)
	}
	return object.Ref{APIVersion: kind.Group + "/" + kind.version, Kind: kind.Kind, Namespace: kind.namespace, Name: name}
}

// short returns "kind/name" of an object.
func short(ref object.Ref) string {
	for word, kind := range kinds {
		if kind.GroupKind == ref.GroupKind() {
			return word + "/" + ref.Name
		}
	}
	return ref.String()
}

// read returns the snapshot of a cluster, and the states of the tenants. The named kinds can't
// be read.
func read(t *testing.T, cluster string, names []string, forbidden ...string) (*snapshot.Snapshot, []tenant.Status) {
	t.Helper()
	b := snapshot.NewBuilder()
	for word, kind := range kinds {
		requested := snapshot.Request{Group: kind.Group, Version: kind.version, Kind: kind.Kind}
		for _, f := range forbidden {
			if f == word {
				requested.Failure = &snapshot.Failure{Reason: snapshot.Forbidden, Verb: "list", Resource: word + "s"}
			}
		}
		b.Add(requested)
		for _, line := range strings.Split(strings.TrimSpace(cluster), "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), word+"/") && !strings.Contains(line, " absent") && requested.Failure == nil {
				b.Add(requested, newObject(t, line))
			}
		}
	}
	for _, name := range []string{"bhs", "mhr"} {
		ns := &unstructured.Unstructured{Object: map[string]any{}}
		ns.SetAPIVersion("v1")
		ns.SetKind("Namespace")
		ns.SetName(name + "-orthweb")
		b.Add(snapshot.Request{Version: "v1", Kind: "Namespace"}, ns)
	}
	snap := b.Build(snapshot.Meta{At: now})
	var chosen []tenant.Tenant
	for _, name := range names {
		found, ok := tenant.Find(tenant.Discover(snap), name)
		if !ok {
			t.Fatalf("no tenant %s", name)
		}
		chosen = append(chosen, found)
	}
	return snap, tenant.Assess(snap, chosen)
}
