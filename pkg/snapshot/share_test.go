package snapshot

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// randomPart is a part of an object, with few different values, so that equal ones occur.
func randomPart(r *rand.Rand, depth int) any {
	switch kind := r.IntN(8); {
	case kind < 2 && depth > 0:
		m := map[string]any{}
		for range r.IntN(4) {
			m[string(rune('a'+r.IntN(4)))] = randomPart(r, depth-1)
		}
		return m
	case kind < 4 && depth > 0:
		var list []any
		if r.IntN(2) == 0 {
			list = []any{}
		}
		for range r.IntN(3) {
			list = append(list, randomPart(r, depth-1))
		}
		return list
	}
	return []any{nil, true, false, int64(1), int64(2), 1.0, "", "1", "true"}[r.IntN(9)]
}

func randomObject(r *rand.Rand) map[string]any {
	return map[string]any{"metadata": map[string]any{"name": "a", "labels": randomPart(r, 3)}, "spec": randomPart(r, 4), "status": randomPart(r, 4)}
}

// copyOf is a deep copy that keeps the difference between nil and empty lists.
func copyOf(value any) any {
	switch v := value.(type) {
	case map[string]any:
		m := map[string]any{}
		for key, field := range v {
			m[key] = copyOf(field)
		}
		return m
	case []any:
		if v == nil {
			return v
		}
		list := make([]any, len(v))
		for i := range v {
			list[i] = copyOf(v[i])
		}
		return list
	}
	return value
}

// TestSharing checks that objects are the same after their parts were shared, whatever they are, and
// after they were replaced by others.
func TestSharing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	shared := newSharing()
	known := map[int]map[string]any{}
	want := map[int]any{}
	for i := range 20_000 {
		obj := randomObject(r)
		at := i % 50
		want[at] = copyOf(obj)
		if before := known[at]; before != nil && i%3 > 0 {
			known[at], _ = reuse(before, obj).(map[string]any)
		} else {
			shared.object(obj)
			known[at] = obj
		}
		for at := range known {
			if (i%100 == 0 || at == i%50) && !reflect.DeepEqual(known[at], want[at]) {
				t.Fatalf("got  %#v\nwant %#v", known[at], want[at])
			}
		}
	}
}

// FuzzSharing does the same with any JSON.
func FuzzSharing(f *testing.F) {
	f.Add([]byte(`{"a":[{"b":1},{"b":1}],"c":{"b":1}}`), []byte(`{"a":[{"b":1},{"b":2}]}`))
	f.Add([]byte(`{"metadata":{"labels":{}}}`), []byte(`{"metadata":[]}`))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var a, b map[string]any
		if json.Unmarshal(first, &a) != nil || json.Unmarshal(second, &b) != nil {
			return
		}
		wantA, wantB := copyOf(a), copyOf(b)
		shared := newSharing()
		shared.object(a)
		b, _ = reuse(a, b).(map[string]any)
		shared.object(maps.Clone(b))
		if !reflect.DeepEqual(any(a), wantA) || !reflect.DeepEqual(any(b), wantB) {
			t.Errorf("got  %#v, %#v\nwant %#v, %#v", a, b, wantA, wantB)
		}
	})
}

// TestLiveShares checks that the objects of a list share their parts, also after one has changed.
func TestLiveShares(t *testing.T) {
	object := func(name, replicas string) *unstructured.Unstructured {
		obj := &unstructured.Unstructured{}
		if err := obj.UnmarshalJSON([]byte(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"` + name + `","namespace":"a"},"spec":{"replicas":` + replicas + `,"template":{"spec":{"nodeName":"n"}}}}`)); err != nil {
			t.Fatal(err)
		}
		return obj
	}
	request := Request{Group: "apps", Version: "v1", Kind: "Deployment"}
	live := NewLive()
	live.Set(request, object("x", "1"), object("y", "1"))
	same := func(path ...string) bool {
		var parts []any
		for _, obj := range live.Snapshot(Meta{}).List(request.GroupKind(), "").Objects {
			part, _, _ := unstructured.NestedFieldNoCopy(obj.Object, path...)
			parts = append(parts, part)
		}
		return identical(parts[0], parts[1])
	}
	if !same("spec") {
		t.Error("equal objects share nothing")
	}
	live.Put(request, object("y", "2"))
	if same("spec") || !same("spec", "template") {
		t.Error("what has not changed is not shared, or what has changed is")
	}
}
