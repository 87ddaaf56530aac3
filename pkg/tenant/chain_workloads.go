package tenant

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// releases adds the HelmReleases in the namespaces of the tenant, and those in other
// namespaces that install into them.
func (c *chain) releases() {
	releases, _ := c.list(Releases, object.HelmReleaseKind)
	own := set{}
	for _, namespace := range c.tenant.Namespaces {
		own[namespace] = true
	}
	for _, namespace := range c.tenant.Namespaces {
		for _, release := range c.installed[namespace] {
			if !own[release.GetNamespace()] {
				releases = append(releases, release)
			}
		}
	}
	for _, release := range releases {
		c.add(Releases, object.RefOf(release), "")
	}
}

// workloads adds the workloads in the namespaces of the tenant, and counts Orthanc and
// the database. No health check of Korthweb covers the database.
func (c *chain) workloads(s *Status) {
	complete := map[schema.GroupKind]bool{}
	var databases []*unstructured.Unstructured
	for _, kind := range workloadKinds {
		var workloads []*unstructured.Unstructured
		workloads, complete[kind] = c.list(Workloads, kind)
		for _, workload := range workloads {
			switch {
			case IsDatabase(workload):
				databases = append(databases, workload)
				continue
			case IsOrthanc(workload):
				s.Orthanc.count(workload)
				// If the kind was read completely, the count is complete: no tenant runs its
				// Orthanc as two kinds.
				s.Orthanc.Known = complete[kind]
			}
			c.add(Workloads, object.RefOf(workload), "")
		}
	}
	for _, database := range databases {
		s.Database.count(database)
		c.add(Database, object.RefOf(database), "")
	}
	s.Database.Known = complete[object.StatefulSetKind]
	s.Orthanc.Known = s.Orthanc.Known || complete[object.DeploymentKind] && s.Database.Known
}

func (r *Replicas) count(workload *unstructured.Unstructured) {
	ready, wanted := health.Replicas(workload)
	r.Ready += ready
	r.Wanted += wanted
}
