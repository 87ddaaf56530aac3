package versioned

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Selection is the part of a snapshot that is converted.
type Selection struct {
	// Kinds are those of the lists.
	Kinds []schema.GroupKind
	// Namespace and Name select among the objects, unless they are empty.
	Namespace, Name string
	// Objects: also the objects, not only their number.
	Objects bool
}

// Snapshot is the versioned form of a part of a snapshot.
func Snapshot(snap *snapshot.Snapshot, s Selection) (runtime.Object, error) {
	out := v1alpha1.Snapshot{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.SnapshotKind},
		At:       snap.Meta().At.UTC(), Server: snap.Meta().Server,
		Kinds: []v1alpha1.SnapshotList{}, Objects: []map[string]any{}, Unknown: []snapshot.Failure{},
	}
	type list struct {
		schema.GroupKind
		namespace string
	}
	listed := map[list]bool{} // of Secrets there are two lists: Helm's records, and the others
	for _, r := range snap.Requests() {
		if !slices.Contains(s.Kinds, r.GroupKind()) {
			continue
		}
		if r.Failure != nil {
			out.Unknown = append(out.Unknown, *r.Failure)
			continue
		}
		namespace := s.Namespace
		if namespace == "" {
			namespace = r.Namespace
		}
		key := list{r.GroupKind(), namespace}
		if listed[key] {
			continue
		}
		listed[key] = true
		objects := snap.List(r.GroupKind(), namespace).Objects
		out.Kinds = append(out.Kinds, v1alpha1.SnapshotList{Group: r.Group, Kind: r.Kind, Namespace: namespace, Objects: int64(len(objects))})
		if !s.Objects {
			continue
		}
		for _, obj := range objects {
			if s.Name == "" || obj.GetName() == s.Name {
				out.Objects = append(out.Objects, obj.Object)
			}
		}
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&out)
	if err != nil {
		return nil, fmt.Errorf("encoding the snapshot: %w", err)
	}
	return &unstructured.Unstructured{Object: object}, nil
}
