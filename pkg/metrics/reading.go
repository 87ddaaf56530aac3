// Package metrics computes what the exporter exports: the states of tenants, layers and
// certificates of a snapshot, the causes that were found, and the results of probes become
// samples.
package metrics

import (
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Reading is what is exported of a snapshot. It keeps no objects of it.
type Reading struct {
	Tenants      []Tenant
	layers       []layer
	certificates []certificate
	controllers  map[string]time.Time
	unreadable   map[failedList]int
}

// Tenant is the state of a tenant.
type Tenant struct {
	Name string
	// Status is Unknown also if something could not be read that might change the result.
	Status health.Status
	// Verdict identifies the object that determines the status, and why.
	Verdict VerdictKey

	certificateEnd time.Time
	// hosts are the host names, of which unreached have no address; hostsKnown is false if
	// either is not known.
	hosts, unreached int
	hostsKnown       bool
}

// VerdictKey distinguishes verdicts: while a tenant has the same one, its causes are unlikely to
// change.
type VerdictKey struct {
	object.Key
	health.Status
	health.Reason
}

type layer struct {
	namespace, name string
	status          health.Status
	stale           bool
	reconciled      time.Time
	interval        time.Duration
}

type certificate struct {
	tenant, namespace, name string
	end, renewal            time.Time
}

// failedList is a resource that could not be listed, and why.
type failedList struct{ resource, reason string }

// Read reads the tenants of a snapshot of what status reads.
func Read(snap *snapshot.Snapshot, tenants []tenant.Tenant) Reading {
	statuses, names := tenant.Assess(snap, tenants), tenant.HostNames(snap, tenants)
	r := Reading{controllers: health.Renewals(snap), unreadable: map[failedList]int{}}
	seen := map[object.Key]bool{}
	for i, s := range statuses {
		r.Tenants = append(r.Tenants, tenantOf(s, len(names[i])))
		for _, link := range s.Chain {
			if link.Ref.Name == "" {
				continue
			}
			switch link.Section {
			case tenant.SharedLayers, tenant.OwnLayers:
				if key := link.Ref.Key(); !seen[key] {
					seen[key] = true
					r.layers = append(r.layers, layerOf(snap, link.Verdict))
				}
			case tenant.Certificates:
				if link.Ref.Kind == object.CertificateKind.Kind {
					r.certificates = append(r.certificates, certificateOf(snap, s.Name, link.Ref))
				}
			}
		}
	}
	for _, request := range snap.Requests() {
		if why := request.Failure; why != nil {
			r.unreadable[failedList{why.Resource, string(why.Reason)}]++
		}
	}
	return r
}

func tenantOf(s tenant.Status, hosts int) Tenant {
	t := Tenant{
		Name: s.Name, Status: s.Verdict.Status, Verdict: VerdictKey{s.Verdict.Ref.Key(), s.Verdict.Status, s.Verdict.Reason},
		certificateEnd: s.CertificateEnd, hosts: hosts, hostsKnown: len(s.Unknown) == 0,
	}
	if len(s.Unknown) > 0 && t.Status == health.Ready {
		t.Status = health.Unknown
	}
	if len(s.Addresses) == 0 {
		t.unreached = hosts
	}
	return t
}

func layerOf(snap *snapshot.Snapshot, v health.Verdict) layer {
	l := layer{namespace: v.Ref.Namespace, name: v.Ref.Name, status: v.Status, stale: v.Reason == health.Stale}
	if obj := snap.Lookup(v.Ref).Object; obj != nil {
		l.reconciled, l.interval = health.LastReconciled(obj), object.Duration(obj.Object, "spec", "interval")
	}
	return l
}

func certificateOf(snap *snapshot.Snapshot, tenant string, ref object.Ref) certificate {
	c := certificate{tenant: tenant, namespace: ref.Namespace, name: ref.Name}
	if obj := snap.Lookup(ref).Object; obj != nil {
		c.end, c.renewal = health.Expiry(obj), object.Time(obj.Object, "status", "renewalTime")
	}
	return c
}
