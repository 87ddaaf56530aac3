package diagnose

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// controllers are Flux's, by the group of what they reconcile.
var controllers = map[string]string{
	health.KustomizationKind.Group: "kustomize-controller",
	health.HelmReleaseKind.Group:   "helm-controller",
	health.GitRepositoryKind.Group: "source-controller",
}

// silent explains an object whose controller has stopped reporting. Where the
// controller's Lease tells, that is about the controller, once for all that it
// reconciles; else about the one object.
func (x *examiner) silent(obj *unstructured.Unstructured, e *exam) {
	f := finding.Finding{
		Code: codeControllerSilent, Ref: e.verdict.Ref, Reason: "Stale", Severity: finding.Critical, Since: e.verdict.Since,
		Message: fmt.Sprintf("%s is not being reconciled: %s", e.verdict.Ref, e.verdict.Message),
	}
	controller := controllers[e.verdict.Ref.GroupKind().Group]
	lease := x.newestLease(controller)
	if lease == nil || !field.Time(lease.Object, "spec", "renewTime").Equal(e.verdict.Since) {
		e.findings = append(e.findings, x.neglected(obj, f))
		return
	}
	f.Ref = finding.Ref{APIVersion: "apps/v1", Kind: health.DeploymentKind.Kind, Namespace: lease.GetNamespace(), Name: controller}
	f.Message = e.verdict.Message
	f.Evidence = []finding.Evidence{evidence(lease, "spec.renewTime", field.Text(lease.Object, "spec", "renewTime"), e.verdict.Since)}
	if x.unwell(f.Ref) {
		e.blame = append(e.blame, f.Ref)
	}
	f.Fixes = []finding.Fix{controllerPods(f.Ref.Namespace)}
	e.findings = append(e.findings, f)
}

func controllerPods(namespace string) finding.Fix {
	return finding.Fix{Text: "See whether the controller's pods run", Command: fmt.Sprintf("kubectl get pods,leases -n %s", namespace)}
}

// neglected words the finding about one object that its controller has not
// looked at for long. Where the controller's Lease is renewed, the controller
// lives, and only this object is left alone.
func (x *examiner) neglected(obj *unstructured.Unstructured, f finding.Finding) finding.Finding {
	controller := x.controllerOf(obj)
	lease := x.newestLease(controller.Name)
	if lease == nil {
		f.Fixes = append(f.Fixes, controllerPods(controller.Namespace))
	}
	if history := field.List(obj.Object, "status", "history"); len(history) > 0 {
		f.Evidence = append(f.Evidence, evidence(obj, "status.history[0].lastReconciled", field.Text(history[0], "lastReconciled"), f.Since))
	}
	if lease != nil {
		f.Evidence = append(f.Evidence, evidence(lease, "spec.renewTime", field.Text(lease.Object, "spec", "renewTime"), field.Time(lease.Object, "spec", "renewTime")))
	}
	f.Fixes = append(f.Fixes, requestThenRestart(obj, controller)...)
	return f
}

// newestLease is the Lease of a controller, or of its shards, that was renewed
// last; nil when there is none.
func (x *examiner) newestLease(controller string) *unstructured.Unstructured {
	var newest *unstructured.Unstructured
	for _, lease := range x.snap.List(health.LeaseKind, "").Objects {
		if !strings.HasPrefix(lease.GetName(), controller) || !strings.HasSuffix(lease.GetName(), "-leader-election") {
			continue
		}
		if newest == nil || field.Time(lease.Object, "spec", "renewTime").After(field.Time(newest.Object, "spec", "renewTime")) {
			newest = lease
		}
	}
	return newest
}
