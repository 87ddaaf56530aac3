package diagnose

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// shardLabel selects which of several controllers reconciles an object
// (fluxcd.io/flux/installation/configuration/sharding).
const shardLabel = "sharding.fluxcd.io/key"

// isAbandoned reports whether Flux has stopped in the middle of a reconciliation, or
// never started one.
func isAbandoned(v health.Verdict) bool {
	return v.Status == health.Failing && (v.Reason == health.Stuck || v.Reason == health.Canceled || v.Reason == health.NeverReconciled)
}

// stuck explains an object that Flux has not continued to reconcile for longer than its
// timeout although the controller renews its Lease: waiting does not help, but a new
// request may, and a restart of the controller does.
func (x *examiner) stuck(obj *unstructured.Unstructured, e *exam) {
	code := codeSourceStuck
	if obj.GetKind() == health.KustomizationKind.Kind {
		code = codeLayerStuck
	}
	f := finding.Finding{
		Code: code, Ref: e.verdict.Ref, Reason: string(e.verdict.Reason), Severity: finding.Critical, Since: e.verdict.Since,
		Message: fmt.Sprintf("%s is stuck: %s", e.verdict.Ref, e.verdict.Message),
	}
	controller := x.controllerOf(obj)
	if x.notReady(controller) {
		e.blame = append(e.blame, controller)
	}
	f.Evidence = x.stuckProof(obj)
	if lease := x.newestLease(controller.Name); lease != nil {
		if taken := field.Time(lease.Object, "spec", "acquireTime"); taken.After(e.verdict.Since) {
			f.Message += "; another pod of " + controller.Name + " has become the leader since then"
			f.Evidence = append(f.Evidence, evidence(lease, "spec.acquireTime", field.Text(lease.Object, "spec", "acquireTime"), taken))
		}
	}
	if e.verdict.Reason == health.NeverReconciled {
		x.neverReconciled(obj, controller, &f)
		e.findings = append(e.findings, f)
		return
	}
	f.Fixes = requestThenRestart(obj, controller)
	e.findings = append(e.findings, f)
}

// requestThenRestart makes a controller continue with an abandoned object: the request
// has the smaller impact.
func requestThenRestart(obj *unstructured.Unstructured, controller finding.Ref) []finding.Fix {
	var fixes []finding.Fix
	if command := fluxCommand("reconcile", obj); command != "" {
		fixes = append(fixes, finding.Fix{Text: "Request a reconciliation", Command: command})
	}
	return append(fixes, finding.Fix{Text: "If it is not reconciled within its timeout, restart " + controller.Name,
		Command: escape.Command("kubectl rollout restart deployment/%s -n %s", controller.Name, controller.Namespace)})
}

// stuckProof are the conditions about the current attempt, and its timeout.
func (x *examiner) stuckProof(obj *unstructured.Unstructured) []finding.Evidence {
	var proof []finding.Evidence
	for _, kind := range []string{"Ready", "Reconciling"} {
		if c := field.ConditionOf(obj, kind); c.Status != "" {
			proof = append(proof, quote(obj, c))
		}
	}
	for _, name := range []string{"timeout", "interval"} {
		if value := field.Text(obj.Object, "spec", name); value != "" {
			return append(proof, evidence(obj, "spec."+name, value, time.Time{}))
		}
	}
	return proof
}

// neverReconciled reports why no controller may have acted on an object: none exists,
// or none for its shard.
func (x *examiner) neverReconciled(obj *unstructured.Unstructured, controller finding.Ref, f *finding.Finding) {
	f.Evidence = append(f.Evidence, evidence(obj, "metadata.creationTimestamp", field.Text(obj.Object, "metadata", "creationTimestamp"), obj.GetCreationTimestamp().Time))
	look := finding.Fix{Text: "Check whether " + controller.Name + " runs, and whether its arguments limit the namespaces that it watches",
		Command: escape.Command("kubectl describe deployments -n %s", controller.Namespace)}
	if x.snap.Lookup(controller).Presence == snapshot.Absent {
		f.Message += fmt.Sprintf("; there is no Deployment %s in namespace %s", controller.Name, controller.Namespace)
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: controller, Field: "object", Value: "does not exist"})
		look = finding.Fix{Text: "Check which controllers of Flux are installed", Command: "flux check"}
	}
	if shard := obj.GetLabels()[shardLabel]; shard != "" {
		f.Message += fmt.Sprintf("; only a controller of shard %s reconciles it", shard)
		f.Evidence = append(f.Evidence, evidence(obj, "metadata.labels["+shardLabel+"]", shard, time.Time{}))
	}
	f.Fixes = append(f.Fixes, look)
}

// controllerOf is the Deployment of the controller that reconciles an object of Flux:
// in the namespace of its Lease, otherwise in the namespace of Flux. A shard has a
// controller of its own, if it can be read.
func (x *examiner) controllerOf(obj *unstructured.Unstructured) finding.Ref {
	of, _ := controllerFor(finding.RefOf(obj).GroupKind())
	name := of.name
	ref := finding.Ref{APIVersion: "apps/v1", Kind: health.DeploymentKind.Kind, Namespace: "flux-system", Name: name}
	if lease := x.newestLease(name); lease != nil {
		ref.Namespace = lease.GetNamespace()
	}
	if shard := obj.GetLabels()[shardLabel]; shard != "" {
		own := ref
		own.Name = name + "-" + shard
		if x.snap.Lookup(own).Presence == snapshot.Present {
			return own
		}
	}
	return ref
}

// notReady reports whether an object exists and is known not to be ready.
func (x *examiner) notReady(ref finding.Ref) bool {
	return x.snap.Lookup(ref).Presence == snapshot.Present && x.knownNotReady(ref)
}

// fluxCommand is the flux command about an object, empty if there is none for the kind.
func fluxCommand(verb string, obj *unstructured.Unstructured) string {
	kind := map[string]string{
		"Kustomization": "kustomization", "HelmRelease": "helmrelease", "GitRepository": "source git", "OCIRepository": "source oci",
		"Bucket": "source bucket", "HelmRepository": "source helm", "HelmChart": "source chart",
	}[obj.GetKind()]
	if kind == "" {
		return ""
	}
	return escape.Command("flux %s %s %s -n %s", verb, escape.Shell(kind), obj.GetName(), cmp.Or(obj.GetNamespace(), "flux-system"))
}

// inspect is the command that shows an object with its events, with the kind in the
// case that kubectl prints.
func inspect(ref finding.Ref) string {
	return strings.Replace(describe(ref), " "+ref.Kind+" ", " "+strings.ToLower(ref.Kind)+" ", 1)
}
