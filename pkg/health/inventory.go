package health

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Inventory are the objects that a Kustomization has applied, in the order of
// status.inventory (kustomize-controller api v1). Entries that can't be parsed are
// omitted.
func Inventory(layer *unstructured.Unstructured) []object.Ref {
	var refs []object.Ref
	for _, entry := range object.List(layer.Object, "status", "inventory", "entries") {
		if ref, ok := ParseInventoryID(object.Text(entry, "id"), object.Text(entry, "v")); ok {
			refs = append(refs, ref)
		}
	}
	return refs
}

// ParseInventoryID parses an entry of the inventory of a Kustomization: its id,
// "<namespace>_<name>_<group>_<kind>" (fluxcd/cli-utils, object.ObjMetadata), and the
// version. A colon in a name is written "__", so only the ends are reliable.
func ParseInventoryID(id, version string) (object.Ref, bool) {
	namespace, rest, ok := strings.Cut(id, "_")
	last := strings.LastIndexByte(rest, '_')
	if !ok || last < 0 {
		return object.Ref{}, false
	}
	kind, rest := rest[last+1:], rest[:last]
	at := strings.LastIndexByte(rest, '_')
	if at < 0 || kind == "" {
		return object.Ref{}, false
	}
	group, name := rest[at+1:], strings.ReplaceAll(rest[:at], "__", ":")
	if group != "" {
		version = group + "/" + version
	}
	return object.Ref{APIVersion: version, Kind: kind, Namespace: namespace, Name: name}, true
}
