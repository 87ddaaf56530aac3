// Package report summarizes clusters for readers without access to them: the tenants and their
// chains, why they are not ready, when certificates expire, and what could not be read.
//
// It is pure: a report depends on the snapshots and their explanations alone.
package report

import (
	"slices"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Report is the state of one or more clusters.
type Report struct {
	// Program is the version of the program that made the report.
	Program  string
	Clusters []Cluster
}

// Cluster is the state of a cluster at one time.
type Cluster struct {
	// Name is the context of the kubeconfig, or the recording.
	Name string
	// Server is the version of Kubernetes, empty if it is not known.
	Server string
	// At is the time of the snapshot, to which ages are counted.
	At      time.Time
	Tenants []Tenant
	// Objects are the explained objects that are no tenants, in a cluster that has none.
	Objects []diagnose.Subject
	// Causes are the causes of all tenants, each once; the one that blocks the most comes first.
	Causes []diagnose.Cause
	// Certificates are those of the tenants, the first to expire first.
	Certificates []trust.Entry
	// Unread is what could not be read.
	Unread []snapshot.Failure
	// Err is why the cluster could not be read, at all if it has no time.
	Err error
}

// Tenant is the state of a tenant. Its verdict is that of the explanation, which examines more
// than the chain.
type Tenant struct {
	tenant.Status
	// Requires are the dependencies among the objects of the chain.
	Requires []tenant.Dependency
	// Causes are the indices of its causes in those of the cluster.
	Causes []int
}

// Of is the state of a cluster. The explanation has the tenants to report, whether they are ready
// or not.
func Of(name string, snap *snapshot.Snapshot, e diagnose.Explanation) Cluster {
	snap = snap.Known()
	meta := snap.Meta()
	c := Cluster{Name: name, Server: meta.Server, At: meta.At, Causes: e.Causes()}
	all := tenant.Discover(snap)
	var chosen []tenant.Tenant
	var subjects []diagnose.Subject
	for _, s := range e.Subjects {
		c.Unread = engine.Union(c.Unread, s.Unknown)
		if t, ok := tenant.Find(all, s.Tenant); ok && !s.Object {
			chosen, subjects = append(chosen, t), append(subjects, s)
		} else {
			c.Objects = append(c.Objects, s)
		}
	}
	statuses := tenant.Assess(snap, chosen)
	tenant.AddCollisions(snap, all, statuses)
	for i, status := range statuses {
		status.Verdict = subjects[i].Verdict
		c.Tenants = append(c.Tenants, Tenant{
			Status: status, Requires: tenant.Dependencies(snap, status), Causes: c.indices(subjects[i].Causes),
		})
	}
	c.Certificates = byExpiry(trust.List(snap, chosen))
	for _, e := range c.Certificates {
		c.Unread = engine.Union(c.Unread, e.Unknown)
	}
	return c
}

// Query looks up what a report needs besides the explanation: the certificates that were issued,
// which need no permission to read Secrets.
func Query(snap *snapshot.Snapshot) { snap.List(object.RequestKind, "") }

// indices are the positions of causes among those of the cluster.
func (c *Cluster) indices(causes []diagnose.Cause) []int {
	var found []int
	for _, cause := range causes {
		at := slices.IndexFunc(c.Causes, func(other diagnose.Cause) bool { return other.Identity() == cause.Identity() })
		found = append(found, at)
	}
	slices.Sort(found)
	return found
}

// byExpiry orders certificates, those whose end is not known first: one of them may have expired.
func byExpiry(entries []trust.Entry) []trust.Entry {
	slices.SortStableFunc(entries, func(a, b trust.Entry) int { return a.NotAfter.Compare(b.NotAfter) })
	return entries
}

// Complete reports whether everything could be read.
func (r Report) Complete() bool {
	return !slices.ContainsFunc(r.Clusters, func(c Cluster) bool { return c.Err != nil || len(c.Unread) > 0 })
}

// Tenants is the number of all tenants.
func (r Report) Tenants() int {
	n := 0
	for _, c := range r.Clusters {
		n += len(c.Tenants)
	}
	return n
}

// Count is how many tenants have a status.
type Count struct {
	Status health.Status
	Number int
}

// Counts are the numbers of tenants by their status, the worst status first; of statuses that no
// tenant has, only that of Ready.
func (r Report) Counts() []Count {
	number := map[health.Status]int{health.Ready: 0}
	for _, c := range r.Clusters {
		for _, t := range c.Tenants {
			number[t.Verdict.Status]++
		}
	}
	var counts []Count
	for _, status := range []health.Status{health.Failing, health.Progressing, health.Suspended, health.Unknown, health.Ready} {
		if n, ok := number[status]; ok {
			counts = append(counts, Count{status, n})
		}
	}
	return counts
}

// CausesOf are the numbers of the causes of the object of a link, among those of the cluster.
func (c Cluster) CausesOf(link tenant.Link) []int {
	var found []int
	for i, cause := range c.Causes {
		if cause.Ref.Same(link.Ref) {
			found = append(found, i)
		}
	}
	return found
}
