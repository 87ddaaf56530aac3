package versioned

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
)

// HostEntries is the versioned form of the entries of a hosts file, a list for kubectl's
// printers; lacking are sentences about tenants without any.
func HostEntries(entries []hosts.Entry, lacking []string) (runtime.Object, error) {
	out := v1alpha1.HostEntryList{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.HostEntryListKind},
		Items:    []v1alpha1.HostEntry{}, Lacking: list(lacking),
	}
	for _, e := range entries {
		out.Items = append(out.Items, v1alpha1.HostEntry{Tenant: e.Tenant, Address: e.Addr.String(), Names: list(e.Names)})
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&out)
	if err != nil {
		return nil, fmt.Errorf("encoding the entries: %w", err)
	}
	printed, err := (&unstructured.Unstructured{Object: object}).ToList()
	if err != nil {
		return nil, fmt.Errorf("encoding the entries: %w", err)
	}
	delete(printed.Object, "items") // printed.Items has them
	return printed, nil
}
