package tenant

import (
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// OfNamespace is the tenant of a namespace that its user has named, for when too little
// can be seen of it for Discover to find one there. It has no layers.
func OfNamespace(snap *snapshot.Snapshot, namespace string) Tenant {
	name := labelledName(snap, namespace)
	if name == "" {
		name = namespace
	}
	return Tenant{Name: name, Namespaces: []string{namespace}}
}

// Domain is what the names of the tenant's hosts end with, "bhs.orthweb.com" for
// web.bhs.orthweb.com and dicom.bhs.orthweb.com. It is empty when the hosts have
// nothing of two labels or more in common, or none is known.
func (s Status) Domain() string {
	var common []string
	for i, host := range slices.Concat(s.Web.Hosts, s.DICOM.Hosts) {
		labels := strings.Split(host, ".")
		labels = labels[1:] // the host's own, or "*"
		if i == 0 {
			common = labels
			continue
		}
		n := 0
		for n < len(common) && n < len(labels) && common[len(common)-1-n] == labels[len(labels)-1-n] {
			n++
		}
		common = common[len(common)-n:]
	}
	if len(common) < 2 {
		return ""
	}
	return strings.Join(common, ".")
}
