package rule

import (
	"fmt"
	"slices"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

func TestWalk(t *testing.T) {
	values := map[string]any{
		"b": []any{"x", map[string]any{"c.d/e": int64(1)}},
		"a": map[string]any{"skipped": map[string]any{"f": true}},
	}
	obj := map[string]any{"spec": map[string]any{"values": values}}
	var got []string
	Walk(values, "spec.values", func(path, key string, value any) bool {
		read, ok := object.Read(obj, path)
		if !ok || fmt.Sprint(read) != fmt.Sprint(value) {
			t.Errorf("%s is %v, not %v", path, read, value)
		}
		got = append(got, path+" "+key)
		return key != "skipped"
	})
	want := []string{
		"spec.values[a] a", "spec.values[a][skipped] skipped",
		"spec.values[b] b", "spec.values[b][0] b", "spec.values[b][1] b", "spec.values[b][1][c.d/e] c.d/e",
	}
	if !slices.Equal(got, want) {
		t.Errorf("visited %q, want %q", got, want)
	}
}
