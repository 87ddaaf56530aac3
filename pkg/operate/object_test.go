package operate

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// conditions are the possible states of an object.
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

// newObject creates an object from a line of the cluster.
func newObject(t *testing.T, line string) *unstructured.Unstructured {
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
	if ref.GroupKind() == object.KustomizationKind {
		set(t, obj, map[string]any{"kind": "GitRepository", "name": "flux-system"}, "spec", "sourceRef")
		set(t, obj, "r1", "status", "lastAttemptedRevision")
		set(t, obj, "r1", "status", "lastAppliedRevision")
	}
	for _, word := range words[2:] {
		key, value, _ := strings.Cut(word, ":")
		switch key {
		case "suspended":
			set(t, obj, true, "spec", "suspend")
		case "chart": // of a release
			set(t, obj, map[string]any{"kind": "HelmRepository", "name": value, "namespace": "flux-system"}, "spec", "chart", "spec", "sourceRef")
		case "chartref":
			kind, name, _ := strings.Cut(value, "/")
			set(t, obj, map[string]any{"kind": kind, "name": name, "namespace": "flux-system"}, "spec", "chartRef")
		case "from": // of a chart
			set(t, obj, map[string]any{"kind": "HelmRepository", "name": value}, "spec", "sourceRef")
		case "type":
			set(t, obj, value, "spec", "type")
		case "on":
			set(t, obj, []any{map[string]any{"name": value}}, "spec", "dependsOn")
		case "by":
			obj.SetLabels(map[string]string{
				"kustomize.toolkit.fluxcd.io/name": value, "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
			})
		case "touches":
			var checks []any
			for namespace := range strings.SplitSeq(value, ",") {
				checks = append(checks, map[string]any{"apiVersion": "v1", "kind": "Service", "name": "s", "namespace": namespace})
			}
			set(t, obj, checks, "spec", "healthChecks")
		case "lasttry":
			set(t, obj, []any{map[string]any{"lastReconciledStatus": value, "lastReconciled": "2026-03-01T11:59:00Z"}}, "status", "history")
		case "attempted":
			set(t, obj, value, "status", "lastAttemptedRevision")
		case "fetched":
			set(t, obj, value, "status", "artifact", "revision")
		case "asked":
			obj.SetAnnotations(map[string]string{RequestAnnotation: value})
		case "handled":
			set(t, obj, value, "status", "lastHandledReconcileAt")
		case "has":
			set(t, obj, []any{map[string]any{"id": "flux-system_" + value + "_kustomize.toolkit.fluxcd.io_Kustomization", "v": "v1"}}, "status", "inventory", "entries")
		case "uid":
			obj.SetUID(types.UID(value))
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
