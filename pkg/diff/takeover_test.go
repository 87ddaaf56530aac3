package diff

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// fluxFields is the entry of kustomize-controller in all cases.
const fluxFields = `{manager: kustomize-controller, operation: Apply, fieldsV1: {"f:metadata": {"f:labels": {"f:flux": {}}}, "f:spec": {"f:a": {}, "f:list": {'k:{"name":"flux"}': {".": {}, "f:name": {}}}}}}`

func TestFieldsThatFluxTakesOver(t *testing.T) {
	const label = `"f:metadata": {"f:labels": {"f:hand": {}}}`
	for _, test := range []struct{ name, object, entries, want string }{
		{"no field of kubectl", `metadata: {labels: {flux: x, hand: y}}`, `{manager: helm-controller, operation: Update, fieldsV1: {` + label + `}}`, `{labels: {flux: x, hand: y}}`},
		{"a label", `metadata: {labels: {flux: x, hand: y}}`, `{manager: kubectl-label, operation: Update, fieldsV1: {` + label + `}}`, `{labels: {flux: x}}`},
		{"server-side apply", `metadata: {labels: {flux: x, hand: y}}`, `{manager: kubectl, operation: Apply, fieldsV1: {` + label + `}}`, `{labels: {flux: x}}`},
		{"another manager's apply", `metadata: {labels: {flux: x, hand: y}}`, `{manager: before-first-apply, operation: Apply, fieldsV1: {` + label + `}}`, `{labels: {flux: x, hand: y}}`},
		{"a field of two managers", `metadata: {labels: {flux: x, hand: y}}`, `{manager: kubectl-label, operation: Update, fieldsV1: {` + label + `}}, {manager: other, operation: Update, fieldsV1: {` + label + `}}`, `{labels: {flux: x, hand: y}}`},
		{"a subresource", `spec: {a: 1, replicas: 2}`, `{manager: kubectl, operation: Update, subresource: scale, fieldsV1: {"f:spec": {"f:replicas": {}}}}`, `{a: 1, replicas: 2}`},
		{"a field below one of Flux", `metadata: {labels: {flux: x, hand: y}}`, `{manager: kubectl-edit, operation: Update, fieldsV1: {"f:metadata": {"f:labels": {".": {}, "f:hand": {}}}}}`, `{labels: {flux: x}}`},
		{"a whole map, with what is below it", `spec: {a: 1, b: {c: 2, default: 3}}`, `{manager: kubectl-edit, operation: Update, fieldsV1: {"f:spec": {"f:b": {".": {}, "f:c": {}}}}}`, `{a: 1}`},
		{"a map that is then empty", `spec: {a: 1, b: {c: 2}}`, `{manager: kubectl-edit, operation: Update, fieldsV1: {"f:spec": {"f:b": {"f:c": {}}}}}`, `{a: 1}`},
		{"a map with a default", `spec: {a: 1, b: {c: 2, default: 3}}`, `{manager: kubectl-edit, operation: Update, fieldsV1: {"f:spec": {"f:b": {"f:c": {}}}}}`, `{a: 1, b: {default: 3}}`},
		{"an entry with a key", `spec: {list: [{name: hand, x: 1}, {name: flux}]}`, `{manager: kubectl-patch, operation: Update, fieldsV1: {"f:spec": {"f:list": {'k:{"name":"hand"}': {".": {}, "f:name": {}, "f:x": {}}}}}}`, `{list: [{name: flux}]}`},
		{"an entry with two keys", `spec: {ports: [{port: 80, protocol: TCP}, {port: 80, protocol: UDP}]}`, `{manager: kubectl-patch, operation: Update, fieldsV1: {"f:spec": {"f:ports": {'k:{"port":80,"protocol":"UDP"}': {".": {}, "f:port": {}}}}}}`, `{ports: [{port: 80, protocol: TCP}]}`},
		{"a field of an entry of Flux", `spec: {list: [{name: flux, x: 1}]}`, `{manager: kubectl-patch, operation: Update, fieldsV1: {"f:spec": {"f:list": {'k:{"name":"flux"}': {"f:x": {}}}}}}`, `{list: [{name: flux}]}`},
		{"a value of a set", `spec: {set: [a, b]}`, `{manager: kubectl-patch, operation: Update, fieldsV1: {"f:spec": {"f:set": {'v:"b"': {}}}}}`, `{set: [a]}`},
		{"Flux keeps it", `metadata: {annotations: {kustomize.toolkit.fluxcd.io/ssa: Merge}, labels: {flux: x, hand: y}}`, `{manager: kubectl-label, operation: Update, fieldsV1: {` + label + `}}`, `{annotations: {kustomize.toolkit.fluxcd.io/ssa: Merge}, labels: {flux: x, hand: y}}`},
		{"a field that is not there", `spec: {a: 1}`, `{manager: kubectl-label, operation: Update, fieldsV1: {"f:spec": {"f:x": {"f:y": {}}, "f:a": {"f:z": {}}}}}`, `{a: 1}`},
		{"malformed", `spec: {a: 1, list: [{name: hand}]}`, `{manager: kubectl-label, operation: Update, fieldsV1: {"f:spec": [1], "f:": {}, "k:": {}, "x": 1}}, {manager: kubectl, operation: Update, fieldsV1: {"f:spec": {"f:list": {"k:{": {}, "v:": {}, 'k:{}': {}}}}}`, `{a: 1, list: [{name: hand}]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			live, entries := &unstructured.Unstructured{}, &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(test.object), &live.Object); err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal([]byte("metadata: {managedFields: ["+fluxFields+", "+test.entries+"]}"), &entries.Object); err != nil {
				t.Fatal(err)
			}
			applied := live.DeepCopy()
			applied.SetManagedFields(entries.GetManagedFields())
			before := string(yamlOf(applied))
			got := withoutKubectl(live, &unstructured.Unstructured{Object: map[string]any{}}, applied)
			if string(yamlOf(applied)) != before {
				t.Error("the answer itself was changed")
			}
			got = got.DeepCopy()
			got.SetManagedFields(nil)
			var want map[string]any
			if err := yaml.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			part := got.Object["spec"]
			if part == nil {
				part = got.Object["metadata"]
			}
			if text(part) != text(want) {
				t.Errorf("got %s, want %s", text(part), text(want))
			}
		})
	}
}

func TestTakeOver(t *testing.T) {
	parse := func(text string) *unstructured.Unstructured {
		obj := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(text), &obj.Object); err != nil {
			t.Fatal(err)
		}
		return obj
	}
	live := parse(`{metadata: {name: x, labels: {flux: old, hand: y}}, spec: {a: 1, list: [1]}, status: {c: 1}}`)
	desired := parse(`{metadata: {name: x, labels: {flux: new}}, spec: {a: 1, list: [2]}}`)
	applied := parse(`{metadata: {name: x, labels: {flux: new, hand: y}, managedFields: [` + fluxFields + `,
		{manager: kubectl-label, operation: Update, fieldsV1: {"f:metadata": {"f:labels": {"f:hand": {}}}}}]}, spec: {a: 1, list: [2]}, status: {c: 1}}`)
	if got, want := text(TakeOver(live, desired, applied)), `{"metadata":{"labels":{"flux":"new","hand":null}},"spec":{"list":[2]}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// A request to Flux is no change.
	applied = parse(`{metadata: {name: x, labels: {flux: new}, annotations: {reconcile.fluxcd.io/requestedAt: now}, managedFields: [` + fluxFields + `,
		{manager: kubectl-annotate, operation: Update, fieldsV1: {"f:metadata": {"f:annotations": {"f:reconcile.fluxcd.io/requestedAt": {}}}}}]}}`)
	if got := TakeOver(live, desired, applied); got != nil {
		t.Errorf("got %v", got)
	}
}
