package diagnose

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// TestFluxOddShapes inserts an odd value into one object of each cluster: every walk must end
// without a panic, its causes must name an object, and a second walk must find the same causes.
func TestFluxOddShapes(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	files := readClusters(t, "testdata/flux/*.yaml")
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := files[name]
		for _, c := range file.Cases {
			cluster := c.cluster(t, file.Base)
			slices.SortFunc(cluster, compareNames)
			for range 3 {
				var objects []map[string]any
				for _, obj := range cluster {
					objects = append(objects, decoded(t, obj))
				}
				spoil(random, objects[random.IntN(len(objects))])
				first := walkAll(clusterAsked(fluxAsked, objects, c.Forbidden))
				if again := walkAll(clusterAsked(fluxAsked, objects, c.Forbidden)); !reflect.DeepEqual(first, again) {
					t.Errorf("%s/%s: two answers:\n%+v\n%+v", name, c.Name, first, again)
				}
				for _, out := range first {
					for _, cause := range out.Causes {
						if cause.Code == "" || cause.Ref.Kind == "" || cause.Message == "" {
							t.Errorf("%s/%s: a cause that says nothing: %+v", name, c.Name, cause.Finding)
						}
					}
				}
			}
		}
	}
}

func compareNames(a, b map[string]any) int {
	refOf := func(obj map[string]any) object.Ref {
		return object.RefOf(&unstructured.Unstructured{Object: obj})
	}
	return refOf(a).Compare(refOf(b))
}

// walkAll walks from every object of Flux's in both passes.
func walkAll(snap *snapshot.Snapshot) (all []engine.Outcome) {
	x := newContext(snap, tenant.Discover(snap))
	for _, kind := range fluxAsked {
		for _, obj := range snap.List(kind, "").Objects {
			for _, failing := range []bool{false, true} {
				all = append(all, engine.NewWalk(x).From(object.RefOf(obj), failing))
			}
		}
	}
	return all
}
