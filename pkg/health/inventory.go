package health

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// Inventory is what a Kustomization has applied, in the order in which it says
// so (status.inventory, kustomize-controller api v1). Entries that can't be read
// are left out.
func Inventory(layer *unstructured.Unstructured) []finding.Ref {
	var refs []finding.Ref
	for _, entry := range field.List(layer.Object, "status", "inventory", "entries") {
		if ref, ok := ParseInventoryID(field.Text(entry, "id"), field.Text(entry, "v")); ok {
			refs = append(refs, ref)
		}
	}
	return refs
}

// ParseInventoryID reads an entry of a Kustomization's inventory: its id,
// "<namespace>_<name>_<group>_<kind>" (fluxcd/cli-utils, object.ObjMetadata),
// and the version. A colon in a name is written "__", so that only the ends can
// be relied on.
func ParseInventoryID(id, version string) (finding.Ref, bool) {
	namespace, rest, ok := strings.Cut(id, "_")
	last := strings.LastIndexByte(rest, '_')
	if !ok || last < 0 {
		return finding.Ref{}, false
	}
	kind, rest := rest[last+1:], rest[:last]
	at := strings.LastIndexByte(rest, '_')
	if at < 0 || kind == "" {
		return finding.Ref{}, false
	}
	group, name := rest[at+1:], strings.ReplaceAll(rest[:at], "__", ":")
	if group != "" {
		version = group + "/" + version
	}
	return finding.Ref{APIVersion: version, Kind: kind, Namespace: namespace, Name: name}, true
}
