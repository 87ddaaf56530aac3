package diagnose

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// explainLease reports a controller that does not renew its Lease. The finding is about
// its Deployment, since that runs it. Other Leases are not relevant.
func explainLease(x *examiner, lease *unstructured.Unstructured, _ bool) exam {
	e := exam{verdict: health.Verdict{Ref: finding.RefOf(lease), Status: health.Ready, Since: field.Time(lease.Object, "spec", "renewTime")}}
	for _, c := range controllerTable {
		if newest := x.controllerStateOf(c).lease; newest == nil || newest.GetName() != lease.GetName() || newest.GetNamespace() != lease.GetNamespace() || !x.expired(lease) {
			continue
		}
		e.verdict.Status, e.verdict.Reason = health.Unknown, health.Stale
		x.explainUnrenewed(c, lease, &e)
	}
	return e
}

// explainUnrenewed is the finding about a controller that no longer renews its Lease.
// If its Deployment is not ready, that is the cause.
func (x *examiner) explainUnrenewed(c controller, lease *unstructured.Unstructured, e *exam) {
	renewed := field.Time(lease.Object, "spec", "renewTime")
	ref := finding.Ref{APIVersion: "apps/v1", Kind: health.DeploymentKind.Kind, Namespace: lease.GetNamespace(), Name: c.name}
	for _, obj := range x.controllerStateOf(c).deployments {
		ref = finding.RefOf(obj)
		if x.knownNotReady(ref) {
			e.blame = addRef(e.blame, ref)
		}
	}
	f := finding.Finding{
		Code: codeControllerSilent, Ref: ref, Reason: "Stale", Severity: finding.Critical, Since: renewed,
		Message: fmt.Sprintf("%s has not reported for %s; the last status that it reported may be out of date", c.name, duration.HumanDuration(x.now.Sub(renewed))),
		Evidence: []finding.Evidence{
			evidence(lease, "spec.renewTime", field.Text(lease.Object, "spec", "renewTime"), renewed),
		},
		Fixes: []finding.Fix{
			{Text: "Read in the log why the controller does not renew its Lease", Command: escape.Command("kubectl logs -n %s deployment/%s --tail=50", ref.Namespace, ref.Name)},
			{Text: "If it hangs, restart it", Command: escape.Command("kubectl rollout restart deployment %s -n %s", ref.Name, ref.Namespace)},
		},
	}
	if holder := field.Text(lease.Object, "spec", "holderIdentity"); holder != "" {
		f.Evidence = append(f.Evidence, evidence(lease, "spec.holderIdentity", holder, renewed))
	}
	e.findings = append(e.findings, f)
}

// explainStale explains an object whose controller no longer reports. If the Lease of
// the controller shows it, the finding is about the controller, once for all its
// objects; otherwise about the one object that is not reconciled.
func (x *examiner) explainStale(obj *unstructured.Unstructured, e *exam) {
	c, _ := controllerFor(e.verdict.Ref.GroupKind())
	if lease := x.controllerStateOf(c).lease; lease != nil && x.expired(lease) {
		x.explainUnrenewed(c, lease, e)
		return
	}
	for _, deployment := range x.controllerStateOf(c).deployments {
		if ref := finding.RefOf(deployment); x.knownNotReady(ref) {
			e.blame = addRef(e.blame, ref)
		}
	}
	f := finding.Finding{
		Code: codeControllerSilent, Ref: e.verdict.Ref, Reason: "Stale", Severity: finding.Critical, Since: e.verdict.Since,
		Message: fmt.Sprintf("%s is not being reconciled: %s", e.verdict.Ref, e.verdict.Message),
	}
	if at := field.List(obj.Object, "status", "history"); len(at) > 0 && field.Text(at[0], "lastReconciled") != "" {
		f.Evidence = append(f.Evidence, evidence(obj, "status.history[0].lastReconciled", field.Text(at[0], "lastReconciled"), e.verdict.Since))
	}
	f.Evidence = append(f.Evidence, x.overdueEvidence(obj)...)
	if lease := x.controllerStateOf(c).lease; lease != nil {
		renewed := field.Time(lease.Object, "spec", "renewTime")
		f.Evidence = append(f.Evidence, evidence(lease, "spec.renewTime", field.Text(lease.Object, "spec", "renewTime"), renewed))
	} else {
		f.Fixes = append(f.Fixes, finding.Fix{Text: "Check whether the pods of the controller run",
			Command: "kubectl get pods,leases -n " + escape.ShellWord(x.controllerOf(obj).Namespace)})
	}
	f.Fixes = append(f.Fixes, requestThenRestart(obj, x.controllerOf(obj))...)
	if len(f.Evidence) == 0 {
		f.Evidence = proofOrAge(obj, field.ConditionOf(obj, "Ready"))
	}
	e.findings = append(e.findings, f)
}

// overdueEvidence is the evidence that a layer has not applied what its source has
// fetched.
func (x *examiner) overdueEvidence(obj *unstructured.Unstructured) []finding.Evidence {
	source := x.snap.Lookup(health.SourceOf(obj)).Object
	applied, fetched := field.Text(obj.Object, "status", "lastAppliedRevision"), field.Text(objectOf(source), "status", "artifact", "revision")
	if source == nil || applied == "" || fetched == "" || applied == fetched {
		return nil
	}
	return []finding.Evidence{
		evidence(obj, "status.lastAppliedRevision", applied, field.ConditionOf(obj, "Ready").Since),
		evidence(source, "status.artifact.revision", fetched, field.Time(source.Object, "status", "artifact", "lastUpdateTime")),
	}
}
