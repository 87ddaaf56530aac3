package health

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// releaseTimeout is the default of spec.timeout of a HelmRelease (helm-controller api v2,
// GetTimeout).
const releaseTimeout = 5 * time.Minute

// Deadline is until when an action in progress may take, zero if that is not known. What waits
// for another object has no deadline of its own.
func Deadline(obj *unstructured.Unstructured, v Verdict) time.Time {
	if obj == nil || v.Status != Progressing || len(v.WaitsFor) > 0 || v.Reason == "DependencyNotReady" {
		return time.Time{}
	}
	var since time.Time
	var timeout time.Duration
	switch v.Ref.GroupKind() {
	case object.DeploymentKind:
		// Counted from the last progress (kubernetes v1.36, pkg/controller/deployment/progress.go).
		for _, c := range object.List(obj.Object, "status", "conditions") {
			if object.Text(c, "type") == "Progressing" {
				since = object.Time(c, "lastUpdateTime")
			}
		}
		timeout = time.Duration(object.IntOr(600, obj.Object, "spec", "progressDeadlineSeconds")) * time.Second
	case object.KustomizationKind:
		timeout = Timeout(obj)
	case object.HelmReleaseKind:
		timeout = releaseTimeout
		if own := object.Duration(obj.Object, "spec", "timeout"); own > 0 {
			timeout = own
		}
	}
	if since.IsZero() {
		since = v.Since
	}
	if since.IsZero() || timeout == 0 {
		return time.Time{}
	}
	return since.Add(timeout)
}
