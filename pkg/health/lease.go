package health

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// A status is only reliable while its controller runs: if the controllers of Flux are down,
// every object stays Ready. Two facts show that they run: the Leases that they renew, and the
// history of a Kustomization.

// LeaseTimeout is how long after the last renewal of its Lease a controller counts as
// down. The Leases of Flux last 35 s (fluxcd/pkg/runtime, leaderelection.Options),
// those of cert-manager 60 s; the rest is for a restart and for clock skew.
const LeaseTimeout = 2 * time.Minute

// Tolerance is how late an object may be beyond its interval and timeout.
const Tolerance = 5 * time.Minute

// Renewals are the newest renewals of the Leases of the Flux controllers, by the name
// of the controller. Each shard of a controller ("kustomize-controller-shard1") has a
// Lease; one running shard is sufficient. With --watch-label-selector, its name ends with a
// hash of the selector.
func Renewals(snap *snapshot.Snapshot) map[string]time.Time {
	newest := map[string]time.Time{}
	for _, lease := range snap.List(object.LeaseKind, "").Objects {
		renewed := object.Time(lease.Object, "spec", "renewTime")
		if renewed.IsZero() {
			continue // no controller has held it yet
		}
		for _, controller := range []string{"source-controller", "kustomize-controller", "helm-controller"} {
			if strings.HasPrefix(lease.GetName(), controller) && strings.Contains(lease.GetName(), "-leader-election") {
				newest[controller] = later(newest[controller], renewed)
			}
		}
	}
	return newest
}

var controllers = map[string]string{
	object.KustomizationKind.Group: "kustomize-controller",
	object.HelmReleaseKind.Group:   "helm-controller",
	object.GitRepositoryKind.Group: "source-controller",
}

// checkStale changes a verdict that depends on a running controller to Unknown if the
// controller no longer reports. A failure is not changed: it was true when it was
// written, and it has to be fixed.
func (a *Assessor) checkStale(obj *unstructured.Unstructured, v Verdict) Verdict {
	if v.Ref.Kind == object.ExternalArtifactKind.Kind {
		return v // others write it, not source-controller
	}
	controller := controllers[v.Ref.GroupKind().Group]
	renewed, known := a.leases[controller]
	if known && a.now.Sub(renewed) > LeaseTimeout {
		return v.with(Unknown, Stale, fmt.Sprintf("%s has not reported for %s; the last status that it reported may be out of date",
			controller, duration.HumanDuration(a.now.Sub(renewed))), renewed)
	}
	if v.Ref.Kind != object.KustomizationKind.Kind {
		return v
	}
	last, recorded := lastRecorded(obj)
	interval := object.Duration(obj.Object, "spec", "interval")
	due := interval*2 + object.Duration(obj.Object, "spec", "timeout") + Tolerance
	if recorded && interval > 0 && v.Status == Ready && a.now.Sub(last.at) > due {
		return v.with(Unknown, Stale, fmt.Sprintf("%s last reconciled it %s ago, though its interval is %s",
			controller, duration.HumanDuration(a.now.Sub(last.at)), object.Text(obj.Object, "spec", "interval")), last.at)
	}
	return a.checkOverdue(obj, v)
}

// checkOverdue changes the verdict on a layer that has not applied what its source
// fetched long ago to Unknown: kustomize-controller is notified of a new revision
// immediately (v1.8, internal/controller, Watches), so none of its instances is
// working.
func (a *Assessor) checkOverdue(obj *unstructured.Unstructured, v Verdict) Verdict {
	source := a.snap.Lookup(SourceOf(obj)).Object
	if v.Status != Ready || source == nil || object.Bool(source.Object, "spec", "suspend") {
		return v
	}
	applied, fetched := object.Text(obj.Object, "status", "lastAppliedRevision"), object.Text(source.Object, "status", "artifact", "revision")
	attempted := object.Text(obj.Object, "status", "lastAttemptedRevision")
	since := object.Time(source.Object, "status", "artifact", "lastUpdateTime")
	due := object.Duration(obj.Object, "spec", "interval") + object.Duration(obj.Object, "spec", "timeout") + Tolerance
	if applied == "" || fetched == "" || fetched == applied || fetched == attempted || since.IsZero() || a.now.Sub(since) <= due {
		return v
	}
	return v.with(Unknown, Stale, fmt.Sprintf("%s has not applied revision %s, which its source fetched %s ago",
		controllers[v.Ref.GroupKind().Group], fetched, duration.HumanDuration(a.now.Sub(since))), since)
}
