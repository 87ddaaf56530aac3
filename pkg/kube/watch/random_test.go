package watch

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// TestRandomChanges checks that after random changes and faults the snapshot is that of a cluster
// that is read once.
func TestRandomChanges(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 1))
			api := fakeapi.New(t, newPod("a", "p0", "Pending"), newPod("b", "p1", "Running"), newObject(layer, "l0"))
			api.SetPageSize(2)
			gauge := schema.GroupKind{Group: "example.org", Kind: "Gauge"}
			queries := append(collect.Queries(pod, layer, lease, gauge), collect.Query{GroupKind: pod, FieldSelector: "status.phase=Pending"})
			times := short
			times.idle = 50 * time.Millisecond
			r := start(t, api, Options{Poll: 5 * time.Millisecond, times: times}, queries...)
			for range 150 {
				disturb(api, random, gauge)
				time.Sleep(time.Duration(random.IntN(3)) * time.Millisecond)
			}
			api.Recover()
			api.Freeze(false)
			api.EndWatches(true)
			for _, kind := range []string{"pods", "kustomizations.kustomize.toolkit.fluxcd.io"} {
				api.Allow(kind)
			}
			api.Put(newPod("a", "last", "Pending"))
			session, err := collect.Open(t.Context(), &rest.Config{Host: api.URL}, collect.Options{Namespaces: []string{"a"}})
			if err != nil {
				t.Fatal(err)
			}
			want, err := session.Read(t.Context(), queries)
			if err != nil {
				t.Fatal(err)
			}
			r.until("state that is read once", func(u Update) bool { return u.Err == nil && u.Snapshot != nil && same(u.Snapshot, want, queries) })
		})
	}
}

// disturb changes the cluster, or what it answers.
func disturb(api *fakeapi.Server, random *rand.Rand, gauge schema.GroupKind) {
	name, phase := fmt.Sprintf("p%d", random.IntN(6)), []string{"Pending", "Running"}[random.IntN(2)]
	namespace := []string{"a", "b"}[random.IntN(2)]
	switch random.IntN(24) {
	case 0:
		api.EndWatches(random.IntN(2) == 0)
	case 1:
		api.Compact()
	case 2:
		api.Bookmark()
	case 3:
		api.Freeze(true)
	case 4:
		api.Freeze(false)
	case 5:
		api.Fail("/pods$", []fakeapi.Fault{fakeapi.Reset(), fakeapi.Truncate(40), fakeapi.Disconnect(60), fakeapi.Expire(),
			fakeapi.Status(http.StatusInternalServerError, "InternalError", "no leader"), fakeapi.TooMany(1)}[random.IntN(6)])
	case 6, 7:
		api.Recover()
	case 8:
		api.Deny("kustomizations.kustomize.toolkit.fluxcd.io", "a")
	case 9:
		api.Allow("kustomizations.kustomize.toolkit.fluxcd.io")
	case 10:
		api.Put(newObject(gauge, "g"+name))
	case 11:
		api.Unserve(gauge.Group)
	case 12, 13, 14:
		api.Put(newObject(layer, name))
	case 15, 16:
		api.Delete(newObject(layer, name))
	case 17, 18:
		api.Delete(newPod(namespace, name, phase))
	default:
		api.Put(newPod(namespace, name, phase))
	}
}

// same reports whether both have the same objects, and could not read the same.
func same(a, b *snapshot.Snapshot, queries []collect.Query) bool {
	for _, query := range queries {
		x, y := a.List(query.GroupKind, ""), b.List(query.GroupKind, "")
		if len(x.Objects) != len(y.Objects) || x.Partial != y.Partial || !reflect.DeepEqual(x.Unknown, y.Unknown) {
			return false
		}
		for i := range x.Objects {
			if !reflect.DeepEqual(x.Objects[i], y.Objects[i]) {
				return false
			}
		}
	}
	return true
}
