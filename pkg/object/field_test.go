package object

import (
	"reflect"
	"testing"
	"time"
)

var object = map[string]any{
	"spec": map[string]any{
		"path": "./gitops", "replicas": int64(3), "suspend": true, "timeout": "9m30s",
		"hosts":  []any{"a", int64(1), "b"},
		"mixed":  []any{map[string]any{"name": "x"}, "y"},
		"at":     "2026-01-02T03:04:05Z",
		"ratio":  1.5,
		"nulled": nil,
	},
	"flat": "text",
	"status": map[string]any{
		"conditions": []any{"odd", map[string]any{"type": "Stalled"}, map[string]any{"type": "Ready", "status": "True"}},
	},
}

func TestReads(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"text", Text(object, "spec", "path"), "./gitops"},
		{"int", Int(object, "spec", "replicas"), int64(3)},
		{"int with default", IntOr(1, object, "spec", "replicas"), int64(3)},
		{"bool", Bool(object, "spec", "suspend"), true},
		{"duration", Duration(object, "spec", "timeout"), 9*time.Minute + 30*time.Second},
		{"time", Time(object, "spec", "at"), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		{"first time", FirstTime(object, []string{"spec", "none"}, []string{"spec", "at"}), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		{"no time, nor when it was made", FirstTime(object, []string{"spec", "none"}), time.Time{}},
		{"texts leave other types out", Texts(object, "spec", "hosts"), []string{"a", "b"}},
		{"list leaves other types out", List(object, "spec", "mixed"), []map[string]any{{"name": "x"}}},
		{"map", Map(object, "spec")["path"], "./gitops"},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: got %#v, want %#v", c.name, c.got, c.want)
		}
	}
}

func TestMissingAndMistypedReadAsZero(t *testing.T) {
	for _, path := range [][]string{{"none"}, {"spec", "none"}, {"flat", "below"}, {"spec"}, {"spec", "nulled"}, {"spec", "ratio"}} {
		if got := Text(object, path...); got != "" {
			t.Errorf("Text(%v) = %q", path, got)
		}
		if got := Int(object, path...); got != 0 {
			t.Errorf("Int(%v) = %d", path, got)
		}
		if got := IntOr(7, object, path...); got != 7 {
			t.Errorf("IntOr(7, %v) = %d", path, got)
		}
		if got := Time(object, path...); !got.IsZero() {
			t.Errorf("Time(%v) = %v", path, got)
		}
		if got := Duration(object, path...); got != 0 {
			t.Errorf("Duration(%v) = %v", path, got)
		}
		if got := List(object, path...); len(got) != 0 {
			t.Errorf("List(%v) = %v", path, got)
		}
	}
}
