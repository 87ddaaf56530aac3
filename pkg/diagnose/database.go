package diagnose

import (
	"regexp"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// downDatabases are the databases of the pod's namespace that are in trouble,
// and the pools in front of them: when Orthanc does not get up and does not say
// why, that is nearly always why. A pool is broken by the database alone, and a
// database by neither.
func (x *examiner) downDatabases(s podView) []finding.Ref {
	namespace := s.pod.GetNamespace()
	var databases []*unstructured.Unstructured
	for _, set := range x.snap.List(health.StatefulSetKind, namespace).Objects {
		if !tenant.IsDatabase(set) {
			continue
		}
		if finding.RefOf(set).Same(s.owner) {
			return nil
		}
		databases = append(databases, set)
	}
	down := x.down(databases, s)
	if s.work != nil && inFront(s.work, databases) {
		return down
	}
	for _, kind := range []schema.GroupKind{health.DeploymentKind, health.StatefulSetKind} {
		var fronts []*unstructured.Unstructured
		for _, work := range x.snap.List(kind, namespace).Objects {
			if inFront(work, databases) && !finding.RefOf(work).Same(s.owner) {
				fronts = append(fronts, work)
			}
		}
		down = append(down, x.down(fronts, s)...)
	}
	return down
}

// pools are the names of what stands in front of a PostgreSQL. An exporter
// comes with it as well, and nobody needs one.
var pools = regexp.MustCompile(`pgpool|pgbouncer|pooler|proxy`)

// inFront tells whether a workload is the pool of one of the databases: it comes
// from the same release.
func inFront(work *unstructured.Unstructured, databases []*unstructured.Unstructured) bool {
	if tenant.IsDatabase(work) || tenant.IsOrthanc(work) || !pools.MatchString(work.GetName()) {
		return false
	}
	for _, database := range databases {
		for _, label := range []string{"app.kubernetes.io/instance", "helm.toolkit.fluxcd.io/name"} {
			if name := database.GetLabels()[label]; name != "" && work.GetLabels()[label] == name {
				return true
			}
		}
	}
	return false
}

// aboutDatabase are words of a container that did not get through to one.
var aboutDatabase = regexp.MustCompile(`(?i)postgres|psql|pgpool|\b5432\b|\bdatabase\b|\bbackend\b`)

// down are those workloads that don't serve at all, or not in full while the
// pod's own words are about a database: of a database with replicas one can be
// down and nobody notices.
func (x *examiner) down(workloads []*unstructured.Unstructured, s podView) []finding.Ref {
	var found []finding.Ref
	for _, work := range workloads {
		ready, wanted := health.Replicas(work)
		if ready == 0 || ready < wanted && s.complains(aboutDatabase) {
			found = append(found, finding.RefOf(work))
		}
	}
	return found
}

// complains tells whether the pod's events or last words match.
func (s podView) complains(about *regexp.Regexp) bool {
	for _, e := range s.events {
		if e.Reason == "Unhealthy" && about.MatchString(e.Message) {
			return true
		}
	}
	for _, statuses := range []string{"initContainerStatuses", "containerStatuses"} {
		for _, status := range field.List(s.pod.Object, "status", statuses) {
			if about.MatchString((container{status: status}).lastEnd().message) {
				return true
			}
		}
	}
	return false
}
