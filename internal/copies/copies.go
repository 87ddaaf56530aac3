// Package copies makes clusters of many tenants of a recorded one.
package copies

import (
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// OfTenant returns a snapshot with the given number of copies of tenant bhs' objects, and all
// other objects.
func OfTenant(model *snapshot.Snapshot, tenants int) *snapshot.Snapshot {
	builder := snapshot.NewBuilder()
	for _, requested := range model.Requests() {
		var objects []*unstructured.Unstructured
		for _, obj := range model.List(requested.GroupKind(), requested.Namespace).Objects {
			text, err := json.Marshal(obj.Object)
			if err != nil {
				panic(err) // it came from JSON
			}
			if !strings.Contains(obj.GetNamespace()+"/"+obj.GetName(), "bhs") {
				objects = append(objects, obj.DeepCopy())
				continue
			}
			for i := range tenants {
				clone := &unstructured.Unstructured{}
				if err := clone.UnmarshalJSON([]byte(strings.ReplaceAll(string(text), "bhs", fmt.Sprintf("t%04d", i)))); err != nil {
					panic(err)
				}
				objects = append(objects, clone)
			}
		}
		builder.Add(requested, objects...)
	}
	return builder.Build(model.Meta())
}
