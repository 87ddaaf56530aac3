package versioned

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/clusters"
)

// OfClusters combines the objects of several clusters, as the functions of this package return them
// for one, into a list of the kind. Each item has the name of its cluster, and the list those of the
// clusters that are missing. names are what the user named.
func OfClusters(kind string, results []clusters.Result[runtime.Object], names []string) (runtime.Object, error) {
	read, missing := []any{}, []any{}
	for _, r := range results {
		if r.Err == nil {
			read = append(read, r.Cluster)
		}
	}
	for _, m := range clusters.MissingOf(results) {
		missing = append(missing, map[string]any{"cluster": m.Cluster, "reason": m.Reason})
	}
	out := &unstructured.UnstructuredList{Object: map[string]any{"clusters": read, "missing": missing}, Items: []unstructured.Unstructured{}}
	out.SetAPIVersion(v1alpha1.APIVersion)
	out.SetKind(kind)
	lacking := []any{}
	for _, r := range clusters.Answered(results, names) {
		items, more, err := itemsOf(r.Value)
		if err != nil {
			return nil, fmt.Errorf("encoding the results of %s: %w", r.Cluster, err)
		}
		for _, item := range items {
			item.Object["cluster"] = r.Cluster
			out.Items = append(out.Items, item)
		}
		for _, sentence := range more {
			lacking = append(lacking, r.Cluster+": "+sentence)
		}
	}
	if kind == v1alpha1.HostEntryListKind {
		out.Object["lacking"] = lacking
	}
	return out, nil
}

// itemsOf are the items of a list, or a single object, and the sentences of a list of host entries.
func itemsOf(object runtime.Object) (items []unstructured.Unstructured, lacking []string, err error) {
	switch o := object.(type) {
	case *unstructured.UnstructuredList:
		lacking, _, err = unstructured.NestedStringSlice(o.Object, "lacking")
		return o.Items, lacking, err
	case *unstructured.Unstructured:
		return []unstructured.Unstructured{*o}, nil, nil
	}
	return nil, nil, fmt.Errorf("unexpected type %T", object)
}
