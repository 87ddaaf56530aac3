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

// downDatabases are the databases in the pod's namespace that do not work, and the
// connection pools in front of them: if Orthanc does not start and does not state why,
// that is nearly always the cause. A pool depends on the database only, and a database on
// neither.
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

// pools matches the names of PostgreSQL's connection pools. The exporter of the same
// release is not needed.
var pools = regexp.MustCompile(`pgpool|pgbouncer|pooler|proxy`)

// inFront reports whether a workload is the pool of one of the databases: it comes from
// the same release.
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

// aboutDatabase matches messages of a container that could not connect to a database.
var aboutDatabase = regexp.MustCompile(`(?i)postgres|psql|pgpool|\b5432\b|\bdatabase\b|\bbackend\b`)

// down are the workloads that have no ready replica, or too few while the pod's messages
// are about a database: a database with replicas can lose one without an effect.
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

// complains reports whether the pod's events or the messages of its containers match.
func (s podView) complains(about *regexp.Regexp) bool {
	for _, e := range s.events {
		if e.Reason == "Unhealthy" && about.MatchString(e.Message) {
			return true
		}
	}
	for _, statuses := range []string{"initContainerStatuses", "containerStatuses"} {
		for _, status := range field.List(s.pod.Object, "status", statuses) {
			if about.MatchString((container{status: status}).lastTermination().message) {
				return true
			}
		}
	}
	return false
}
