package diagnose

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// target is the namespace that the release installs into.
func (r release) target() string {
	_, namespace := releaseName(r.obj)
	return namespace
}

// installed blames the installed objects that are not ready. They are found by the
// annotations that Helm sets, or by the names that charts derive from the name of the
// release.
func (r release) installed(failing bool) {
	for _, kind := range workloadKinds {
		for _, obj := range r.x.snap.List(kind, r.target()).Objects {
			if r.owns(obj) && r.awaited(finding.RefOf(obj), failing) {
				r.exam.blame = addRef(r.exam.blame, finding.RefOf(obj))
			}
		}
		r.exam.unknown = append(r.exam.unknown, r.x.unreadable(kind, r.target())...)
	}
	for _, obj := range r.x.snap.List(health.ServiceKind, r.target()).Objects {
		loadBalancer := field.Text(obj.Object, "spec", "type") == "LoadBalancer" // Helm waits for its address
		if loadBalancer && r.owns(obj) && r.awaited(finding.RefOf(obj), failing) {
			r.exam.blame = addRef(r.exam.blame, finding.RefOf(obj))
		}
	}
}

// awaited reports whether Helm still waits for an object, or would wait forever.
func (r release) awaited(ref finding.Ref, failing bool) bool {
	result := r.x.examine(ref, failing)
	status := result.verdict.Status
	waited := status == health.Progressing || status == health.Unknown // Helm counts no replicas as ready
	return status == health.Failing || len(result.findings) > 0 && status != health.Suspended || failing && waited
}

// waitedFor blames the objects of any kind that Helm reports to have waited for, if
// they are not ready.
func (r release) waitedFor(items []fluxmsg.Item) {
	for _, item := range items {
		for _, gk := range r.x.kindsNamed(item.Kind) {
			ref := finding.Ref{APIVersion: gk.WithVersion("v1").GroupVersion().String(), Kind: item.Kind, Namespace: item.Namespace, Name: item.Name}
			if ref.Namespace == "" {
				ref.Namespace = r.target()
			}
			if r.x.snap.Lookup(ref).Presence == snapshot.Present && r.awaited(ref, true) {
				r.exam.blame = addRef(r.exam.blame, ref)
			}
		}
	}
}

// owns reports whether Helm installed the object with this release.
func (r release) owns(obj *unstructured.Unstructured) bool {
	name, namespace := releaseName(r.obj)
	annotations := obj.GetAnnotations()
	if owner := annotations["meta.helm.sh/release-name"]; owner != "" {
		home := annotations["meta.helm.sh/release-namespace"]
		return owner == name && (home == "" || home == namespace)
	}
	return obj.GetLabels()["app.kubernetes.io/instance"] == name
}
