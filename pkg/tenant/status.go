package tenant

import (
	"slices"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Status is the state of one tenant: the verdict, the most important figures, and the
// chain that it was computed from.
type Status struct {
	Name       string
	Namespaces []string
	// Verdict is the worst in the chain. Its Ref is the object that determines it, the
	// zero Ref if the tenant is Ready.
	Verdict health.Verdict
	// LayersReady of Layers Kustomizations are ready. Layers is -1 when they
	// could not be read.
	LayersReady, Layers int
	Web, DICOM          Endpoint
	// Addresses are those of the ingress: IPs and host names.
	Addresses         []string
	Orthanc, Database Replicas
	// CertificateEnd is when the served certificate expires, zero if there is none.
	CertificateEnd time.Time
	// CertificatesUnread means that there may be a served certificate that could not
	// be read.
	CertificatesUnread bool
	// Revision is what the tenant's last own layer applied, or its last layer if none is its
	// own, in Flux's form ("main@sha1:<40 hex>").
	Revision string
	Chain    []Link
	// Collisions are the host names that another tenant also claims. AddCollisions
	// sets them.
	Collisions []HostCollision
	// Unknown is what could not be read and might change the result.
	Unknown []snapshot.Failure
}

// UnreadSuffix lists in parentheses what could not be read, for the end of a sentence about
// what the tenant lacks. It begins with a space, and is empty if everything could be read.
func (s Status) UnreadSuffix() string {
	if len(s.Unknown) == 0 {
		return ""
	}
	var why []string
	for _, failure := range s.Unknown {
		why = append(why, failure.String())
	}
	return " (" + strings.Join(why, "; ") + ")"
}

// Endpoint is where clients outside of the cluster connect.
type Endpoint struct {
	Hosts []string
	Port  int64
}

// Host is the first host name that is not a pattern, empty if there is none.
func (e Endpoint) Host() string {
	for _, host := range e.Hosts {
		if !strings.Contains(host, "*") {
			return host
		}
	}
	return ""
}

// Replicas are the ready and the desired pods. Known is false if they could not be
// read; with Wanted 0, there are none.
type Replicas struct {
	Ready, Wanted int64
	Known         bool
}

// Section is a part of the chain, with the name that is displayed.
type Section string

// The sections of a chain, in order.
const (
	Sources      Section = "Flux source"
	SharedLayers Section = "Shared layers"
	OwnLayers    Section = "Tenant's layers"
	Releases     Section = "Helm releases"
	Workloads    Section = "Workloads"
	Database     Section = "Database"
	Certificates Section = "Certificates"
	Gateways     Section = "Gateways"
	Ingress      Section = "Ingress"
)

// Link is one object of the chain. A Link whose Ref has no name represents objects of a
// kind that could not be read.
type Link struct {
	Section Section
	health.Verdict
	// Detail is additional information: hosts, ports, issuer.
	Detail string
	// Deadline is until when an object in progress may take, zero if that is not known.
	Deadline time.Time
}

// Assess computes the statuses of the tenants, in the given order.
func Assess(snap *snapshot.Snapshot, tenants []Tenant) []Status {
	cluster := newCluster(snap)
	statuses := make([]Status, len(tenants))
	for i, t := range tenants {
		c := &chain{cluster: cluster, tenant: t}
		statuses[i] = c.status()
	}
	return statuses
}

// Ready reports whether there is no problem and everything could be read.
func (s Status) Ready() bool { return s.Verdict.Status == health.Ready }

// Renewing reports whether Flux is applying a newer revision to one of the layers: what
// is Ready may not be what was pushed last.
func (s Status) Renewing() bool {
	return slices.ContainsFunc(s.Chain, func(l Link) bool { return l.Renewing })
}

// Deadline is until when the object that determines the verdict may take, zero if that is not
// known.
func (s Status) Deadline() time.Time {
	for _, link := range s.Chain {
		if link.Ref.Same(s.Verdict.Ref) {
			return link.Deadline
		}
	}
	return time.Time{}
}

// WaitsFor is the object that determines the verdict, and whether there is one.
func (s Status) WaitsFor() (object.Ref, bool) {
	return s.Verdict.Ref, s.Verdict.Ref.Kind != ""
}
