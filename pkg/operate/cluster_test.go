package operate

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// now is the moment of all test clusters.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// cluster is a Korthweb in short: lines of "kind/name state attribute…". States are
// ready, failing, trying, stalled and absent; attributes are suspended, on:NAME
// (depends on), by:NAME (applied by) and those of object.
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
	"source":  {health.GitRepositoryKind, "v1", "flux-system"},
	"layer":   {health.KustomizationKind, "v1", "flux-system"},
	"release": {health.HelmReleaseKind, "v2", "bhs-orthweb"},
}

// refOf is the object of "kind/name".
func refOf(t *testing.T, text string) finding.Ref {
	t.Helper()
	word, name, _ := strings.Cut(text, "/")
	kind, ok := kinds[word]
	if !ok {
		t.Fatalf("no such kind: %q", text)
	}
	return finding.Ref{APIVersion: kind.Group + "/" + kind.version, Kind: kind.Kind, Namespace: kind.namespace, Name: name}
}

// short is "kind/name" again.
func short(ref finding.Ref) string {
	for word, kind := range kinds {
		if kind.GroupKind == ref.GroupKind() {
			return word + "/" + ref.Name
		}
	}
	return ref.String()
}

const conditions = `
ready: [{type: Ready, status: "True", reason: Succeeded, observedGeneration: 1}]
failing: [{type: Ready, status: "False", reason: HealthCheckFailed, message: no luck, observedGeneration: 1}]
trying: [{type: Ready, status: Unknown, reason: Progressing, observedGeneration: 1}, {type: Reconciling, status: "True", message: "Building manifests"}]
checking: [{type: Ready, status: Unknown, reason: Progressing, observedGeneration: 1}, {type: Reconciling, status: "True", message: "Running health checks for revision r1"}]
canceled: [{type: Ready, status: "False", reason: HealthCheckCanceled, observedGeneration: 1}]
waiting: [{type: Ready, status: "False", reason: DependencyNotReady, message: "dependency 'x' is not ready", observedGeneration: 1}]
unfetched: [{type: Ready, status: "False", reason: ArtifactFailed, message: path not found, observedGeneration: 1}]
stalled: [{type: Ready, status: "False", reason: InstallFailed, observedGeneration: 1}, {type: Stalled, status: "True", reason: RetriesExceeded, message: gave up}]
`

// object makes an object of a line of the cluster.
func object(t *testing.T, line string) *unstructured.Unstructured {
	t.Helper()
	words := strings.Fields(line)
	ref := refOf(t, words[0])
	var states map[string][]any
	if err := yaml.Unmarshal([]byte(conditions), &states); err != nil || states[words[1]] == nil {
		t.Fatalf("%q has no known state: %v", line, err)
	}
	for _, c := range states[words[1]] {
		if generation, ok := c.(map[string]any)["observedGeneration"]; ok {
			c.(map[string]any)["observedGeneration"] = int64(generation.(float64))
		}
	}
	obj := &unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{}, "status": map[string]any{"conditions": states[words[1]], "observedGeneration": int64(1)},
	}}
	obj.SetAPIVersion(ref.APIVersion)
	obj.SetKind(ref.Kind)
	obj.SetNamespace(ref.Namespace)
	obj.SetName(ref.Name)
	obj.SetGeneration(1)
	if ref.GroupKind() == health.KustomizationKind {
		set(t, obj, map[string]any{"kind": "GitRepository", "name": "flux-system"}, "spec", "sourceRef")
		set(t, obj, "r1", "status", "lastAttemptedRevision")
		set(t, obj, "r1", "status", "lastAppliedRevision")
	}
	for _, word := range words[2:] {
		key, value, _ := strings.Cut(word, ":")
		switch key {
		case "suspended":
			set(t, obj, true, "spec", "suspend")
		case "on":
			set(t, obj, []any{map[string]any{"name": value}}, "spec", "dependsOn")
		case "by":
			obj.SetLabels(map[string]string{ownerNameLabel: value, ownerNamespaceLabel: "flux-system"})
		case "touches":
			var checks []any
			for namespace := range strings.SplitSeq(value, ",") {
				checks = append(checks, map[string]any{"apiVersion": "v1", "kind": "Service", "name": "s", "namespace": namespace})
			}
			set(t, obj, checks, "spec", "healthChecks")
		case "attempted":
			set(t, obj, value, "status", "lastAttemptedRevision")
		case "fetched":
			set(t, obj, value, "status", "artifact", "revision")
		case "asked":
			obj.SetAnnotations(map[string]string{RequestAnnotation: value})
		case "handled":
			set(t, obj, value, "status", "lastHandledReconcileAt")
		case "generation":
			obj.SetGeneration(2)
		default:
			t.Fatalf("%q: what is %q?", line, word)
		}
	}
	return obj
}

func set(t *testing.T, obj *unstructured.Unstructured, value any, path ...string) {
	t.Helper()
	if err := unstructured.SetNestedField(obj.Object, value, path...); err != nil {
		t.Fatal(err)
	}
}

// read is the snapshot of a cluster, and the states of the tenants. Of the kinds
// named nothing may be read.
func read(t *testing.T, cluster string, names []string, forbidden ...string) (*snapshot.Snapshot, []tenant.Status) {
	t.Helper()
	b := snapshot.NewBuilder()
	for word, kind := range kinds {
		asked := snapshot.Asked{Group: kind.Group, Version: kind.version, Kind: kind.Kind}
		for _, f := range forbidden {
			if f == word {
				asked.Failure = &snapshot.Failure{Why: snapshot.Forbidden, Verb: "list", Resource: word + "s"}
			}
		}
		b.Add(asked)
		for _, line := range strings.Split(strings.TrimSpace(cluster), "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), word+"/") && !strings.Contains(line, " absent") && asked.Failure == nil {
				b.Add(asked, object(t, line))
			}
		}
	}
	for _, name := range []string{"bhs", "mhr"} {
		ns := &unstructured.Unstructured{Object: map[string]any{}}
		ns.SetAPIVersion("v1")
		ns.SetKind("Namespace")
		ns.SetName(name + "-orthweb")
		b.Add(snapshot.Asked{Version: "v1", Kind: "Namespace"}, ns)
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
