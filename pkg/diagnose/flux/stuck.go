package flux

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// shardLabel selects which of several controllers reconciles an object
// (fluxcd.io/flux/installation/configuration/sharding).
const shardLabel = "sharding.fluxcd.io/key"

// IsAbandoned reports whether Flux has stopped in the middle of a reconciliation, or
// never started one.
func IsAbandoned(v health.Verdict) bool {
	return v.Status == health.Failing && (v.Reason == health.Stuck || v.Reason == health.Canceled || v.Reason == health.NeverReconciled)
}

// ExplainStuck explains an object that Flux has not continued to reconcile for longer than its
// timeout although the controller renews its Lease: waiting does not help, but a new
// request may, and a restart of the controller does.
func ExplainStuck(x *engine.Context, obj *unstructured.Unstructured, e *engine.Result) {
	code := engine.CodeSourceStuck
	if obj.GetKind() == object.KustomizationKind.Kind {
		code = engine.CodeLayerStuck
	}
	f := finding.Finding{
		Code: code, Ref: e.Verdict.Ref, Reason: string(e.Verdict.Reason), Severity: finding.Critical, Since: e.Verdict.Since,
		Message: fmt.Sprintf("%s is stuck: %s", e.Verdict.Ref, e.Verdict.Message),
	}
	controller := ControllerOf(x, obj)
	if NotReady(x, controller) {
		e.Blame = append(e.Blame, controller)
	}
	f.Evidence = stuckProof(x, obj)
	if lease := NewestLease(x, controller.Name); lease != nil {
		if taken := object.Time(lease.Object, "spec", "acquireTime"); taken.After(e.Verdict.Since) {
			f.Message += "; another pod of " + controller.Name + " has become the leader since then"
			f.Evidence = append(f.Evidence, engine.Evidence(lease, "spec.acquireTime", object.Text(lease.Object, "spec", "acquireTime"), taken))
		}
	}
	if e.Verdict.Reason == health.NeverReconciled {
		neverReconciled(x, obj, controller, &f)
		e.Findings = append(e.Findings, f)
		return
	}
	f.Fixes = requestThenRestart(obj, controller)
	e.Findings = append(e.Findings, f)
}

// requestThenRestart makes a controller continue with an abandoned object: the request
// has the smaller impact.
func requestThenRestart(obj *unstructured.Unstructured, controller object.Ref) []finding.Fix {
	var fixes []finding.Fix
	if command := Command("reconcile", obj); command != "" {
		fixes = append(fixes, finding.Fix{Text: "Request a reconciliation", Command: command})
	}
	return append(fixes, finding.Fix{Text: "If it is not reconciled within its timeout, restart " + controller.Name,
		Command: escape.Command("kubectl rollout restart deployment/%s -n %s", controller.Name, controller.Namespace)})
}

// stuckProof are the conditions about the current attempt, and its timeout.
func stuckProof(x *engine.Context, obj *unstructured.Unstructured) []finding.Evidence {
	var proof []finding.Evidence
	for _, kind := range []string{"Ready", "Reconciling"} {
		if c := object.ConditionOf(obj, kind); c.Status != "" {
			proof = append(proof, engine.Quote(obj, c))
		}
	}
	for _, name := range []string{"timeout", "interval"} {
		if value := object.Text(obj.Object, "spec", name); value != "" {
			return append(proof, engine.Evidence(obj, "spec."+name, value, time.Time{}))
		}
	}
	return proof
}

// neverReconciled reports why no controller may have acted on an object: none exists,
// or none for its shard.
func neverReconciled(x *engine.Context, obj *unstructured.Unstructured, controller object.Ref, f *finding.Finding) {
	f.Evidence = append(f.Evidence, engine.Evidence(obj, "metadata.creationTimestamp", object.Text(obj.Object, "metadata", "creationTimestamp"), obj.GetCreationTimestamp().Time))
	look := finding.Fix{Text: "Check whether " + controller.Name + " runs, and whether its arguments limit the namespaces that it watches",
		Command: escape.Command("kubectl describe deployments -n %s", controller.Namespace)}
	if x.Snap.Lookup(controller).Presence == snapshot.Absent {
		f.Message += fmt.Sprintf("; there is no Deployment %s in namespace %s", controller.Name, controller.Namespace)
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: controller, Field: "object", Value: "does not exist"})
		look = finding.Fix{Text: "Check which controllers of Flux are installed", Command: "flux check"}
	}
	if shard := obj.GetLabels()[shardLabel]; shard != "" {
		f.Message += fmt.Sprintf("; only a controller of shard %s reconciles it", shard)
		f.Evidence = append(f.Evidence, engine.Evidence(obj, "metadata.labels["+shardLabel+"]", shard, time.Time{}))
	}
	f.Fixes = append(f.Fixes, look)
}

// ControllerOf is the Deployment of the controller that reconciles an object of Flux:
// in the namespace of its Lease, otherwise in the namespace of Flux. A shard has a
// controller of its own, if it can be read.
func ControllerOf(x *engine.Context, obj *unstructured.Unstructured) object.Ref {
	of, _ := controllerFor(object.RefOf(obj).GroupKind())
	name := of.name
	ref := object.Ref{APIVersion: "apps/v1", Kind: object.DeploymentKind.Kind, Namespace: "flux-system", Name: name}
	if lease := NewestLease(x, name); lease != nil {
		ref.Namespace = lease.GetNamespace()
	}
	if shard := obj.GetLabels()[shardLabel]; shard != "" {
		own := ref
		own.Name = name + "-" + shard
		if x.Snap.Lookup(own).Presence == snapshot.Present {
			return own
		}
	}
	return ref
}

// NotReady reports whether an object exists and is known not to be ready.
func NotReady(x *engine.Context, ref object.Ref) bool {
	return x.Snap.Lookup(ref).Presence == snapshot.Present && KnownNotReady(x, ref)
}

// Command is the flux command about an object, empty if there is none for the kind.
func Command(verb string, obj *unstructured.Unstructured) string {
	kind := map[string]string{
		"Kustomization": "kustomization", "HelmRelease": "helmrelease", "GitRepository": "source git", "OCIRepository": "source oci",
		"Bucket": "source bucket", "HelmRepository": "source helm", "HelmChart": "source chart",
	}[obj.GetKind()]
	if kind == "" {
		return ""
	}
	return escape.Command("flux %s %s %s -n %s", verb, escape.Shell(kind), obj.GetName(), cmp.Or(obj.GetNamespace(), "flux-system"))
}

// DescribeCommand is the command that shows an object with its events, with the kind in the
// case that kubectl prints.
func DescribeCommand(ref object.Ref) string {
	return strings.Replace(engine.Describe(ref), " "+ref.Kind+" ", " "+strings.ToLower(ref.Kind)+" ", 1)
}
