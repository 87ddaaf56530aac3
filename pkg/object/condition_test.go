package object

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func conditioned(conditions ...any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"generation": int64(3)},
		"status":   map[string]any{"observedGeneration": int64(3), "conditions": conditions},
	}}
}

func TestConditionOf(t *testing.T) {
	obj := conditioned("odd", map[string]any{"type": "Stalled"}, map[string]any{
		"type": "Ready", "status": "False", "reason": "Failed", "message": " it failed\n",
		"lastTransitionTime": "2026-01-02T03:04:05Z", "observedGeneration": int64(2),
	})
	ready := ConditionOf(obj, "Ready")
	want := Condition{
		Type: "Ready", Status: "False", Reason: "Failed", Message: "it failed", Path: "status.conditions[Ready]",
		Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), ObservedGeneration: 2,
	}
	if ready != want {
		t.Errorf("got %+v, want %+v", ready, want)
	}
	if value, _ := Read(obj.Object, ready.Path); Text(value.(map[string]any), "reason") != "Failed" {
		t.Errorf("%s is not where it stands", ready.Path)
	}
	if !ready.Is("False") || ready.Is("True") || !ready.Outdated(obj) || !ready.Behind(obj) {
		t.Errorf("%+v is False and of an earlier spec", ready)
	}
	none := Condition{Type: "Healthy", Path: "status.conditions[Healthy]"}
	for name, obj := range map[string]*unstructured.Unstructured{
		"another type": obj, "no list": {Object: map[string]any{"status": map[string]any{"conditions": "none"}}},
		"no status": {Object: map[string]any{"status": "none"}}, "nothing": {Object: map[string]any{}},
	} {
		if got := ConditionOf(obj, "Healthy"); got != none {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

// TestConditionBehind covers controllers that report the generation of a condition, or the
// generation that they have observed, or neither.
func TestConditionBehind(t *testing.T) {
	obj := conditioned()
	if (Condition{}).Behind(obj) {
		t.Error("the newest spec has been seen")
	}
	if !(Condition{ObservedGeneration: 2}).Behind(obj) || (Condition{ObservedGeneration: 3}).Behind(obj) {
		t.Error("a condition is behind when it is about an earlier spec")
	}
	obj.SetGeneration(4)
	if !(Condition{}).Behind(obj) || (Condition{}).Outdated(obj) {
		t.Error("status.observedGeneration is behind; the condition says nothing of its own")
	}
}

func TestConditionStatus(t *testing.T) {
	for _, c := range []struct {
		status any
		want   string
	}{
		{"True", "True"},
		{"false", "False"},
		{"UNKNOWN", "Unknown"},
		{true, "True"},
		{false, "False"},
		{"Degraded", "Degraded"},
		{int64(1), ""},
		{nil, ""},
	} {
		obj := conditioned(map[string]any{"type": "Ready", "status": c.status})
		if got := ConditionOf(obj, "Ready").Status; got != c.want {
			t.Errorf("%v reads as %q, want %q", c.status, got, c.want)
		}
	}
}

// TestConditions checks that each condition is found by its path, even if two have the same
// type or a name that a path can't contain.
func TestConditions(t *testing.T) {
	obj := conditioned(
		map[string]any{"type": "Ready", "reason": "a"}, map[string]any{"type": "Ready", "reason": "b"},
		map[string]any{"type": "x]y", "reason": "c"}, map[string]any{"reason": "none"}, "odd",
	)
	found := Conditions(Map(obj.Object, "status"), "status")
	if len(found) != 3 {
		t.Fatalf("got %+v", found)
	}
	for _, c := range found {
		value, ok := Read(obj.Object, c.Path)
		entry, _ := value.(map[string]any)
		if !ok || Text(entry, "reason") != c.Reason {
			t.Errorf("%s is not where %+v stands", c.Path, c)
		}
	}
	if got := Conditions(nil, "status"); got != nil {
		t.Errorf("got %+v", got)
	}
}
