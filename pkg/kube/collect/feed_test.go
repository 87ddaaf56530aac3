package collect

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

// FuzzEvent checks that no event makes it panic, and that an object of an event is one of the
// list.
func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","namespace":"a","resourceVersion":"7"}}}`))
	f.Add([]byte(`{"type":"DELETED","object":{"metadata":{"name":"p","namespace":"a"}}}`))
	f.Add([]byte(`{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"9"}}}`))
	f.Add([]byte(`{"type":"ERROR","object":{"kind":"Status","status":"Failure","code":410,"reason":"Expired"}}`))
	f.Add([]byte(`{"type":"MODIFIED","object":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		gvk := schema.GroupVersionKind{Version: "v1", Kind: "Pod"}
		feed := &Feed{session: &Session{budget: &budget{}}, weights: map[objectName]int64{}, version: "1",
			last: &reading{pool: newPool(), answer: listing{fields: everything, gvk: gvk, namespaced: true, namespace: "a"}}}
		event, err := feed.event(body)
		if feed.version == "" {
			t.Error("the version is lost")
		}
		if err != nil || event.Object == nil {
			return
		}
		obj := event.Object
		if obj.GroupVersionKind() != gvk || obj.GetNamespace() != "a" || request.NameProblem(obj.GetName()) != "" {
			t.Errorf("%v", obj)
		}
		if n := feed.session.budget.objects; n < 0 || event.Deleted != (n == 0) {
			t.Errorf("%d objects are counted", n)
		}
	})
}
