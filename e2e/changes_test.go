package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// record is all objects of a cluster at one time, by "Kind.group namespace/name".
type record map[string]recorded

// recorded is one object.
type recorded struct {
	UID string `json:"uid"`
	// Managed: Flux applies it.
	Managed bool `json:"managed,omitempty"`
	// Content is the object without what the API server and controllers maintain.
	Content map[string]any `json:"content"`
}

// The ways in which an object changes.
const (
	added     = "added"
	changed   = "changed"
	removed   = "removed"
	recreated = "recreated"
	// either is the announcement of an object that moves between layers that do not wait for each
	// other.
	either = "changed or recreated"
)

const owner = "kustomize.toolkit.fluxcd.io/name"

func newRecord(objects []*unstructured.Unstructured) record {
	r := record{}
	for _, obj := range objects {
		content := obj.DeepCopy()
		for _, field := range []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"} {
			unstructured.RemoveNestedField(content.Object, "metadata", field)
		}
		unstructured.RemoveNestedField(content.Object, "status")
		// These are the scripts' own requests.
		for _, request := range []string{"requestedAt", "forceAt", "resetAt"} {
			unstructured.RemoveNestedField(content.Object, "metadata", "annotations", "reconcile.fluxcd.io/"+request)
		}
		if len(content.GetAnnotations()) == 0 {
			unstructured.RemoveNestedField(content.Object, "metadata", "annotations")
		}
		ref := object.RefOf(obj)
		r[key(ref.GroupKind(), ref)] = recorded{UID: string(obj.GetUID()), Managed: isManaged(obj), Content: content.Object}
	}
	return r
}

// isManaged reports whether Flux applies the object. The labels alone do not show it: the endpoints
// of a Service have copies of its labels.
func isManaged(obj *unstructured.Unstructured) bool {
	if obj.GetLabels()[owner] == "" {
		return false
	}
	for _, entry := range obj.GetManagedFields() {
		if entry.Manager == "kustomize-controller" {
			return true
		}
	}
	return false
}

func key(kind schema.GroupKind, ref object.Ref) string {
	return kind.String() + " " + strings.TrimPrefix(ref.Namespace+"/"+ref.Name, "/")
}

// changesOf are the changes of the objects that Flux manages in one of two records.
func changesOf(before, after record) map[string]string {
	found := map[string]string{}
	for name := range maps.Keys(merged(before, after)) {
		old, existed := before[name]
		now, exists := after[name]
		switch {
		case !old.Managed && !now.Managed:
		case !existed:
			found[name] = added
		case !exists:
			found[name] = removed
		case old.UID != now.UID:
			found[name] = recreated
		case !reflect.DeepEqual(old.Content, now.Content):
			found[name] = changed
		}
	}
	return found
}

func merged(a, b record) record {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// announced are the changes that a report of diff lists.
func announced(report v1alpha1.DiffReport) (map[string]string, error) {
	found := map[string]string{}
	for _, layer := range report.Layers {
		for _, c := range layer.Changes {
			name := key(c.Ref.GroupKind(), c.Ref)
			what, err := announcedAs(c)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			// An object that moves is listed once more if it also changes.
			if what != "" && (found[name] == "" || what != changed) {
				found[name] = what
			}
		}
	}
	return found, nil
}

func announcedAs(c v1alpha1.DiffChange) (string, error) {
	switch c.Action {
	case "Added":
		return added, nil
	case "Changed":
		return changed, nil
	case "Pruned":
		return removed, nil
	case "Recreated":
		return recreated, nil
	case "Kept":
		return "", nil
	case "Moved":
		for _, warning := range c.Warnings {
			switch {
			case strings.HasPrefix(warning, "Flux deletes it with layer "):
				return recreated, nil
			case strings.HasPrefix(warning, "if layer "):
				return either, nil
			}
		}
		return changed, nil // its labels
	}
	return "", fmt.Errorf("its action is %s", c.Action)
}

// differences are the objects for which two lists of changes differ.
func differences(announced, actual map[string]string) []string {
	names := map[string]bool{}
	for name := range announced {
		names[name] = true
	}
	for name := range actual {
		names[name] = true
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if announced[name] == either && (actual[name] == changed || actual[name] == recreated) {
			continue
		}
		if announced[name] != actual[name] {
			lines = append(lines, fmt.Sprintf("%s: diff lists %q, Flux did %q", name, announced[name], actual[name]))
		}
	}
	return lines
}

// hunks is the difference of an object in two records, in the fields that Flux compares, as
// unified YAML without its header.
func hunks(name string, before, after record) string {
	text := func(r record) []byte {
		content := maps.Clone(r[name].Content)
		metadata := map[string]any{}
		for _, field := range []string{"name", "namespace", "labels", "annotations"} {
			if value, ok := object.Map(content, "metadata")[field]; ok {
				metadata[field] = value
			}
		}
		if content != nil {
			content["metadata"] = metadata
		}
		// The Deployment's controller counts its changes.
		const revision = "deployment.kubernetes.io/revision"
		if annotations, ok := metadata["annotations"].(map[string]any); ok && annotations[revision] != nil {
			annotations = maps.Clone(annotations)
			annotations[revision] = object.Text(before[name].Content, "metadata", "annotations", revision)
			metadata["annotations"] = annotations
		}
		encoded, err := yaml.Marshal(content)
		if err != nil {
			return []byte(err.Error())
		}
		return encoded
	}
	return withoutHeader(string(diff.Diff("", text(before), "", text(after))))
}

func withoutHeader(text string) string {
	if at := strings.Index(text, "@@ "); at >= 0 {
		return text[at:]
	}
	return ""
}

// wrongDiffs are the changed objects of a report whose difference is not that of the records.
// Masked values can't be compared, nor objects that also move.
func wrongDiffs(report v1alpha1.DiffReport, before, after record) []string {
	moved := map[string]bool{}
	for _, layer := range report.Layers {
		for _, c := range layer.Changes {
			moved[key(c.Ref.GroupKind(), c.Ref)] = moved[key(c.Ref.GroupKind(), c.Ref)] || c.Action == "Moved"
		}
	}
	var wrong []string
	for _, layer := range report.Layers {
		for _, c := range layer.Changes {
			name := key(c.Ref.GroupKind(), c.Ref)
			if c.Action != "Changed" || moved[name] || strings.Contains(c.Diff, "***") {
				continue
			}
			if got, want := withoutHeader(c.Diff), hunks(name, before, after); got != want {
				wrong = append(wrong, fmt.Sprintf("%s: diff shows\n%sFlux did\n%s", name, got, want))
			}
		}
	}
	return wrong
}

func TestChangesOf(t *testing.T) {
	parse := func(text string) *unstructured.Unstructured {
		obj := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(text), &obj.Object); err != nil {
			t.Fatal(err)
		}
		return obj
	}
	managed := func(name, uid, more string) *unstructured.Unstructured {
		return parse(`{apiVersion: v1, kind: ConfigMap, metadata: {name: ` + name + `, namespace: ns, uid: "` + uid + `", resourceVersion: "` + uid + `",
			labels: {kustomize.toolkit.fluxcd.io/name: a}, managedFields: [{manager: kustomize-controller}]}` + more + `}`)
	}
	unmanaged := func(name, data string) *unstructured.Unstructured {
		return parse(`{apiVersion: v1, kind: ConfigMap, metadata: {name: ` + name + `, namespace: ns, uid: "9"}, data: {k: ` + data + `}}`)
	}
	copied := func(data string) *unstructured.Unstructured {
		return parse(`{apiVersion: v1, kind: Endpoints, metadata: {name: copy, namespace: ns, labels: {kustomize.toolkit.fluxcd.io/name: a}}, subsets: [` + data + `]}`)
	}
	requested := managed("requested", "6", "")
	requested.SetAnnotations(map[string]string{"reconcile.fluxcd.io/requestedAt": "now", "reconcile.fluxcd.io/forceAt": "now"})
	before := newRecord([]*unstructured.Unstructured{
		managed("same", "1", ", data: {k: v}"), managed("changed", "2", ", data: {k: v}"), managed("gone", "3", ""),
		managed("again", "4", ""), unmanaged("adopted", "v"), unmanaged("foreign", "v"), copied("1"), requested,
	})
	same := managed("same", "1", ", data: {k: v}, status: {x: 1}")
	same.SetResourceVersion("77")
	same.SetGeneration(7)
	adopted := managed("adopted", "9", ", data: {k: v}")
	after := newRecord([]*unstructured.Unstructured{
		same, managed("changed", "2", ", data: {k: w}"), managed("again", "40", ""), managed("new", "5", ""),
		adopted, unmanaged("foreign", "w"), copied("2"), managed("requested", "6", ""),
	})
	want := map[string]string{
		"ConfigMap ns/changed": changed, "ConfigMap ns/gone": removed, "ConfigMap ns/again": recreated,
		"ConfigMap ns/new": added, "ConfigMap ns/adopted": changed,
	}
	if got := changesOf(before, after); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	report := v1alpha1.DiffReport{Layers: []v1alpha1.DiffLayer{{Changes: []v1alpha1.DiffChange{{
		Action: "Changed", Ref: object.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: "ns", Name: "changed"},
		Diff: "--- a\n+++ b\n@@ -1,6 +1,6 @@\n apiVersion: v1\n data:\n-  k: v\n+  k: w\n kind: ConfigMap\n metadata:\n   labels:\n",
	}}}}}
	if got := wrongDiffs(report, before, after); len(got) != 0 {
		t.Errorf("%s", got)
	}
	report.Layers[0].Changes[0].Diff = "@@ -1,6 +1,6 @@\n apiVersion: v1\n data:\n-  k: v\n+  k: x\n"
	if got := wrongDiffs(report, before, after); len(got) != 1 {
		t.Errorf("%s", got)
	}
	if got := differences(map[string]string{"a": added, "b": changed, "d": removed, "e": either, "f": either, "g": either},
		map[string]string{"a": added, "b": recreated, "c": removed, "e": changed, "f": recreated, "g": removed}); len(got) != 4 {
		t.Errorf("%q", got)
	}
}

func TestAnnounced(t *testing.T) {
	var report v1alpha1.DiffReport
	if err := json.Unmarshal([]byte(`{"layers": [{"changes": [
		{"action": "Moved", "ref": {"apiVersion": "v1", "kind": "ConfigMap", "namespace": "ns", "name": "moved"}},
		{"action": "Moved", "ref": {"apiVersion": "v1", "kind": "ConfigMap", "namespace": "ns", "name": "down"}, "warnings": ["Flux deletes it with layer a, then creates it again with layer b"]},
		{"action": "Kept", "ref": {"apiVersion": "v1", "kind": "ConfigMap", "namespace": "ns", "name": "kept"}},
		{"action": "Pruned", "ref": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "ns", "name": "d"}}]},
		{"changes": [{"action": "Changed", "ref": {"apiVersion": "v1", "kind": "ConfigMap", "namespace": "ns", "name": "down"}},
		{"action": "Added", "ref": {"apiVersion": "v1", "kind": "Namespace", "name": "n"}}]}]}`), &report); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"ConfigMap ns/moved": changed, "ConfigMap ns/down": recreated, "Deployment.apps ns/d": removed, "Namespace n": added}
	if got, err := announced(report); err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v %v, want %v", got, err, want)
	}
	c := &report.Layers[0].Changes[0]
	c.Warnings = []string{"if layer a is reconciled before layer b, Flux deletes it, then creates it again"}
	if got, err := announced(report); err != nil || got["ConfigMap ns/moved"] != either {
		t.Errorf("got %v %v", got, err)
	}
	c.Action = "Unknown"
	if got, err := announced(report); err == nil {
		t.Errorf("an unknown action is taken for %v", got)
	}
}
