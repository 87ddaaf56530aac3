package tenant

import (
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Status is the state of one tenant: the verdict, the figures that people ask
// for first, and the chain that it was worked out from.
type Status struct {
	Name       string
	Namespaces []string
	// Verdict is the worst in the chain. Its Ref is the object that decides,
	// the zero Ref when the tenant is Ready.
	Verdict health.Verdict
	// LayersReady of Layers Kustomizations are ready. Layers is -1 when they
	// could not be read.
	LayersReady, Layers int
	Web, DICOM          Endpoint
	// Addresses are those of the ingress: IPs and host names.
	Addresses         []string
	Orthanc, Database Replicas
	// CertificateEnd is when the served certificate ends, zero when there is none.
	CertificateEnd time.Time
	// Revision is what the tenant's last own layer applied, in Flux's form
	// ("main@sha1:<40 hex>").
	Revision string
	Chain    []Link
	// Unknown is what could not be read and might change the picture.
	Unknown []snapshot.Failure
}

// Endpoint is where the outside world meets the tenant.
type Endpoint struct {
	Hosts []string
	Port  int64
}

// Replicas counts pods that serve of those wanted. Known is false when they
// could not be read; with Wanted 0 there are none.
type Replicas struct {
	Ready, Wanted int64
	Known         bool
}

// Section is a part of the chain, named as it is shown.
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

// depths tell how far down the chain a section stands. Where several objects
// fail, the deepest is nearest to the cause: the layers above fail because of it.
var depths = map[Section]int{
	SharedLayers: 1, OwnLayers: 2, Releases: 3, Gateways: 4, Ingress: 4,
	Workloads: 5, Certificates: 5, Database: 6, Sources: 7,
}

// Link is one object of the chain. A Link whose Ref has no name stands for
// objects of a kind that could not be read.
type Link struct {
	Section Section
	health.Verdict
	// Detail is what else there is to say: hosts, ports, who issued it.
	Detail string
}

// depth is how near to the cause the link is. One that waits for others is never
// the cause.
func (l Link) depth() int {
	if len(l.WaitsFor) > 0 {
		return 0
	}
	return depths[l.Section]
}

// Assess works out the states of the tenants, in the order given.
func Assess(snap *snapshot.Snapshot, tenants []Tenant) []Status {
	assessor := health.New(snap)
	statuses := make([]Status, len(tenants))
	for i, t := range tenants {
		c := &chain{snap: snap, assessor: assessor, tenant: t}
		statuses[i] = c.status()
	}
	return statuses
}

// status puts the chain together and sums it up.
func (c *chain) status() Status {
	s := Status{Name: c.tenant.Name, Namespaces: c.tenant.Namespaces}
	c.layers(&s)
	c.releases()
	c.workloads(&s)
	c.certificates()
	c.gateways(&s)
	c.sideKinds()
	s.Chain, s.Unknown = c.links, c.unknown
	s.CertificateEnd = c.servedUntil()
	s.Verdict = worst(c.links)
	return s
}

// worst picks the link that decides, and with nothing wrong says since when.
func worst(links []Link) health.Verdict {
	if len(links) == 0 {
		return health.Verdict{Status: health.Unknown, Message: "nothing of it could be read"}
	}
	verdict := links[0]
	for _, link := range links[1:] {
		nearer := link.Status == verdict.Status && link.depth() > verdict.depth()
		if link.Status.Worse(verdict.Status) || nearer {
			verdict = link
		}
	}
	if verdict.Status != health.Ready {
		return verdict.Verdict
	}
	ready := health.Verdict{Status: health.Ready}
	for _, link := range links {
		layer := link.Section == SharedLayers || link.Section == OwnLayers
		if layer && link.Since.After(ready.Since) {
			ready.Since = link.Since
		}
	}
	return ready
}

// Ready tells whether nothing is wrong and everything could be seen.
func (s Status) Ready() bool { return s.Verdict.Status == health.Ready }

// WaitsFor is the object that decides the verdict, and whether there is one.
func (s Status) WaitsFor() (finding.Ref, bool) {
	return s.Verdict.Ref, s.Verdict.Ref.Kind != ""
}
