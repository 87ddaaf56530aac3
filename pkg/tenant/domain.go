package tenant

import (
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// OfNamespace is the tenant of a namespace that the user has named, if too little of it
// can be read for Discover to find it. It has no layers.
func OfNamespace(snap *snapshot.Snapshot, namespace string) Tenant {
	name := labelledName(snap, namespace)
	if name == "" {
		name = namespace
	}
	return Tenant{Name: name, Namespaces: []string{namespace}}
}

// Domain is the common end of the host names of the tenant, "bhs.orthweb.com" for
// web.bhs.orthweb.com and dicom.bhs.orthweb.com. It is empty if the hosts do not share
// at least two labels, or none is known.
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
