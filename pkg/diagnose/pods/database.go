package pods

import (
	"regexp"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// DownDatabases are the databases in the pod's namespace that do not work, and their
// connection pools: if Orthanc does not start and does not state why, that is nearly always
// the cause. A pool depends on the database only, and a database on neither.
func DownDatabases(x *engine.Context, s View) []object.Ref {
	namespace := s.Pod.GetNamespace()
	var databases []*unstructured.Unstructured
	for _, set := range x.Snap.List(object.StatefulSetKind, namespace).Objects {
		if !tenant.IsDatabase(set) {
			continue
		}
		if object.RefOf(set).Same(s.Owner) {
			return nil
		}
		databases = append(databases, set)
	}
	down := notReady(x, databases, s)
	if s.Work != nil && InFront(s.Work, databases) {
		return down
	}
	for _, kind := range []schema.GroupKind{object.DeploymentKind, object.StatefulSetKind} {
		var fronts []*unstructured.Unstructured
		for _, work := range x.Snap.List(kind, namespace).Objects {
			if InFront(work, databases) && !object.RefOf(work).Same(s.Owner) {
				fronts = append(fronts, work)
			}
		}
		down = append(down, notReady(x, fronts, s)...)
	}
	return down
}

// pools matches the names of PostgreSQL's connection pools. The exporter of the same
// release is not needed.
var pools = regexp.MustCompile(`pgpool|pgbouncer|pooler|proxy`)

// InFront reports whether a workload is the pool of one of the databases: it comes from
// the same release.
func InFront(work *unstructured.Unstructured, databases []*unstructured.Unstructured) bool {
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

// AboutDatabase matches messages of a container that could not connect to a database.
var AboutDatabase = regexp.MustCompile(`(?i)postgres|psql|pgpool|\b5432\b|\bdatabase\b|\bbackend\b`)

// notReady are the workloads that have no ready replica, or too few while the pod's messages
// are about a database: a database with replicas can lose one without an effect.
func notReady(x *engine.Context, workloads []*unstructured.Unstructured, s View) []object.Ref {
	var found []object.Ref
	for _, work := range workloads {
		ready, wanted := health.Replicas(work)
		if ready == 0 || ready < wanted && s.complains(AboutDatabase) {
			found = append(found, object.RefOf(work))
		}
	}
	return found
}

// complains reports whether the pod's events or the messages of its containers match.
func (s View) complains(about *regexp.Regexp) bool {
	for _, e := range s.Events {
		if e.Reason == "Unhealthy" && about.MatchString(e.Message) {
			return true
		}
	}
	for _, statuses := range []string{"initContainerStatuses", "containerStatuses"} {
		for _, status := range object.List(s.Pod.Object, "status", statuses) {
			if about.MatchString((Container{Status: status}).LastTermination().Message) {
				return true
			}
		}
	}
	return false
}
