package diagnose

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// examineAll walks from every object in both passes.
func examineAll(snap *snapshot.Snapshot) (all []engine.Outcome) {
	x := newContext(snap, tenant.Discover(snap))
	for _, kind := range workloadAsked {
		for _, obj := range snap.List(kind, "").Objects {
			for _, failing := range []bool{false, true} {
				all = append(all, engine.NewWalk(x).From(object.RefOf(obj), failing))
			}
		}
	}
	return all
}

// FuzzWorkloads examines arbitrary objects: it must not panic, and every cause must name
// its object.
func FuzzWorkloads(f *testing.F) {
	for _, file := range readWorkloads(f) {
		for _, c := range file.Cases {
			text, err := yaml.Marshal(slices.Concat(file.Base, c.Objects))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Add([]byte("- kind: Pod\n  metadata:\n    ownerReferences:\n    - uid: x\n")) // an owner without a name
	f.Fuzz(func(t *testing.T, text []byte) {
		var objects []map[string]any
		if yaml.Unmarshal(text, &objects) != nil {
			return
		}
		var known []map[string]any
		for _, obj := range objects {
			if _, isText := obj["kind"].(string); isText {
				known = append(known, decoded(t, obj))
			}
		}
		for _, out := range examineAll(clusterOf(known, nil)) {
			for _, c := range out.Causes {
				if c.Code == "" || c.Ref.Kind == "" || c.Message == "" {
					t.Errorf("a cause that says nothing: %+v", c.Finding)
				}
			}
		}
	})
}

// oddValues are values that no field expects.
var oddValues = []any{nil, "", "x", int64(-1), true, []any{}, []any{"x"}, map[string]any{}, map[string]any{"name": int64(3)}}

// TestOddShapes sets one field of a cluster after another to an odd value; the same
// cluster must give the same result twice.
func TestOddShapes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	files := readWorkloads(t)
	for _, name := range slices.Sorted(maps.Keys(files)) { // in order, so that a failure is reproducible
		file := files[name]
		for _, c := range file.Cases {
			for range 20 {
				var objects []map[string]any
				for _, obj := range slices.Concat(file.Base, c.Objects) {
					objects = append(objects, decoded(t, obj))
				}
				spoil(random, objects[random.IntN(len(objects))])
				first := examineAll(clusterOf(objects, nil))
				if again := examineAll(clusterOf(objects, nil)); !reflect.DeepEqual(first, again) {
					t.Errorf("%s: two answers:\n%+v\n%+v", c.Name, first, again)
				}
			}
		}
	}
}

// spoil replaces one value somewhere in the object, except its kind.
func spoil(random *rand.Rand, value any) {
	switch v := value.(type) {
	case map[string]any:
		var keys []string
		for key := range v {
			if key != "kind" && key != "apiVersion" {
				keys = append(keys, key)
			}
		}
		if len(keys) == 0 {
			return
		}
		slices.Sort(keys)
		key := keys[random.IntN(len(keys))]
		if random.IntN(4) > 0 && nests(v[key]) {
			spoil(random, v[key])
			return
		}
		v[key] = oddValues[random.IntN(len(oddValues))]
	case []any:
		if len(v) == 0 {
			return
		}
		at := random.IntN(len(v))
		if nests(v[at]) {
			spoil(random, v[at])
			return
		}
		v[at] = oddValues[random.IntN(len(oddValues))]
	}
}

func nests(value any) bool {
	switch value.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}
