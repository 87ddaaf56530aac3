package flux

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ExplainLease reports a controller that does not renew its Lease. The finding is about
// its Deployment, since that runs it. Other Leases are not relevant.
func ExplainLease(x *engine.Context, lease *unstructured.Unstructured, _ bool) engine.Result {
	e := engine.Result{Verdict: health.Verdict{Ref: object.RefOf(lease), Status: health.Ready, Since: object.Time(lease.Object, "spec", "renewTime")}}
	for _, c := range controllerTable {
		if newest := controllerStateOf(x, c).lease; newest == nil || newest.GetName() != lease.GetName() || newest.GetNamespace() != lease.GetNamespace() || !Expired(x, lease) {
			continue
		}
		e.Verdict.Status, e.Verdict.Reason = health.Unknown, health.Stale
		explainUnrenewed(x, c, lease, &e)
	}
	return e
}

// explainUnrenewed is the finding about a controller that no longer renews its Lease.
// If its Deployment is not ready, that is the cause.
func explainUnrenewed(x *engine.Context, c controller, lease *unstructured.Unstructured, e *engine.Result) {
	renewed := object.Time(lease.Object, "spec", "renewTime")
	ref := object.Ref{APIVersion: "apps/v1", Kind: object.DeploymentKind.Kind, Namespace: lease.GetNamespace(), Name: c.name}
	for _, obj := range controllerStateOf(x, c).deployments {
		ref = object.RefOf(obj)
		if KnownNotReady(x, ref) {
			e.Blame = engine.AddRef(e.Blame, ref)
		}
	}
	f := finding.Finding{
		Code: engine.CodeControllerSilent, Ref: ref, Reason: "Stale", Severity: finding.Critical, Since: renewed,
		Message: fmt.Sprintf("%s has not reported for %s; the last status that it reported may be out of date", c.name, duration.HumanDuration(x.Now.Sub(renewed))),
		Evidence: []finding.Evidence{
			engine.Evidence(lease, "spec.renewTime", object.Text(lease.Object, "spec", "renewTime"), renewed),
		},
		Fixes: []finding.Fix{
			{Text: "Read in the log why the controller does not renew its Lease", Command: escape.Command("kubectl logs -n %s deployment/%s --tail=50", ref.Namespace, ref.Name)},
			{Text: "If it hangs, restart it", Command: escape.Command("kubectl rollout restart deployment %s -n %s", ref.Name, ref.Namespace)},
		},
	}
	if holder := object.Text(lease.Object, "spec", "holderIdentity"); holder != "" {
		f.Evidence = append(f.Evidence, engine.Evidence(lease, "spec.holderIdentity", holder, renewed))
	}
	e.Findings = append(e.Findings, f)
}

// ExplainStale explains an object whose controller no longer reports. If the Lease of
// the controller shows it, the finding is about the controller, once for all its
// objects; otherwise about the one object that is not reconciled.
func ExplainStale(x *engine.Context, obj *unstructured.Unstructured, e *engine.Result) {
	c, _ := controllerFor(e.Verdict.Ref.GroupKind())
	if lease := controllerStateOf(x, c).lease; lease != nil && Expired(x, lease) {
		explainUnrenewed(x, c, lease, e)
		return
	}
	for _, deployment := range controllerStateOf(x, c).deployments {
		if ref := object.RefOf(deployment); KnownNotReady(x, ref) {
			e.Blame = engine.AddRef(e.Blame, ref)
		}
	}
	f := finding.Finding{
		Code: engine.CodeControllerSilent, Ref: e.Verdict.Ref, Reason: "Stale", Severity: finding.Critical, Since: e.Verdict.Since,
		Message: fmt.Sprintf("%s is not being reconciled: %s", e.Verdict.Ref, e.Verdict.Message),
	}
	if at := object.List(obj.Object, "status", "history"); len(at) > 0 && object.Text(at[0], "lastReconciled") != "" {
		f.Evidence = append(f.Evidence, engine.Evidence(obj, "status.history[0].lastReconciled", object.Text(at[0], "lastReconciled"), e.Verdict.Since))
	}
	f.Evidence = append(f.Evidence, overdueEvidence(x, obj)...)
	if lease := controllerStateOf(x, c).lease; lease != nil {
		renewed := object.Time(lease.Object, "spec", "renewTime")
		f.Evidence = append(f.Evidence, engine.Evidence(lease, "spec.renewTime", object.Text(lease.Object, "spec", "renewTime"), renewed))
	} else {
		f.Fixes = append(f.Fixes, finding.Fix{Text: "Check whether the pods of the controller run",
			Command: "kubectl get pods,leases -n " + escape.ShellWord(ControllerOf(x, obj).Namespace)})
	}
	f.Fixes = append(f.Fixes, requestThenRestart(obj, ControllerOf(x, obj))...)
	if len(f.Evidence) == 0 {
		f.Evidence = engine.ProofOrAge(obj, object.ConditionOf(obj, "Ready"))
	}
	e.Findings = append(e.Findings, f)
}

// overdueEvidence is the evidence that a layer has not applied what its source has
// fetched.
func overdueEvidence(x *engine.Context, obj *unstructured.Unstructured) []finding.Evidence {
	source := x.Snap.Lookup(health.SourceOf(obj)).Object
	applied, fetched := object.Text(obj.Object, "status", "lastAppliedRevision"), object.Text(engine.ObjectOf(source), "status", "artifact", "revision")
	if source == nil || applied == "" || fetched == "" || applied == fetched {
		return nil
	}
	return []finding.Evidence{
		engine.Evidence(obj, "status.lastAppliedRevision", applied, object.ConditionOf(obj, "Ready").Since),
		engine.Evidence(source, "status.artifact.revision", fetched, object.Time(source.Object, "status", "artifact", "lastUpdateTime")),
	}
}
