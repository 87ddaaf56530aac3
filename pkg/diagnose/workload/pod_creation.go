package workload

import (
	"fmt"
	"regexp"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/refusal"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/apierror"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// podRefusal is the message of the API server about a pod that could not be created.
type podRefusal struct {
	message string
	at      time.Time
	proof   finding.Evidence
}

// refusalOf reports whether the pods of a workload can't be created. A ReplicaSet has a
// condition for this; others only have events, which count while pods are missing.
func refusalOf(x *engine.Context, obj *unstructured.Unstructured) (podRefusal, bool) {
	if c := object.ConditionOf(obj, "ReplicaFailure"); c.Status == "True" {
		return podRefusal{c.Message, c.Since, engine.Quote(obj, c)}, c.Reason != "FailedDelete"
	}
	kind := object.RefOf(obj).GroupKind()
	if kind == object.ReplicaSetKind || kind == object.DeploymentKind || !lacksPods(obj) {
		return podRefusal{}, false
	}
	for _, e := range x.Warnings(obj) {
		if e.Reason == "FailedCreate" {
			return podRefusal{e.Message, e.First, engine.EventEvidence(object.RefOf(obj), e)}, true
		}
	}
	return podRefusal{}, false
}

// lacksPods reports whether fewer pods exist, ready or not, than desired.
func lacksPods(obj *unstructured.Unstructured) bool {
	status := func(name string) int64 { return object.Int(obj.Object, "status", name) }
	switch object.RefOf(obj).GroupKind() {
	case object.DaemonSetKind:
		return status("currentNumberScheduled") < status("desiredNumberScheduled")
	case object.JobKind:
		return status("active")+status("succeeded")+status("failed") == 0
	}
	return status("replicas") < object.IntOr(1, obj.Object, "spec", "replicas")
}

// creation reports why the pods of a workload can't be created, and whether that is so.
// The ReplicaSets of a Deployment create its pods.
func creation(x *engine.Context, obj *unstructured.Unstructured, e *engine.Result, failing bool) bool {
	for _, set := range pods.ReplicaSets(x, obj) {
		if _, ok := refusalOf(x, set); ok {
			e.Blame = append(e.Blame, object.RefOf(set))
			return true
		}
	}
	if refused, ok := refusalOf(x, obj); ok {
		explainRefusal(x, obj, refused, e)
		return true
	}
	return false
}

// accountNotFound matches the message of the admission plugin about a pod without its
// ServiceAccount (kubernetes v1.36, plugin/pkg/admission/serviceaccount).
var accountNotFound = regexp.MustCompile(`error looking up service account ([^\s/]+)/([^\s:]+):`)

func explainRefusal(x *engine.Context, obj *unstructured.Unstructured, refused podRefusal, e *engine.Result) {
	parsed, _ := x.Message(refused.message).APIError()
	owner := x.TopOwnerOf(obj)
	account := accountNotFound.FindStringSubmatch(refused.message)
	switch {
	case account != nil:
		e.Findings = append(e.Findings, accountFinding(x, owner, engine.CoreRef("ServiceAccount", account[1], account[2]), refused))
	case parsed.Problem == apierror.ProblemQuota:
		quota := engine.CoreRef("ResourceQuota", obj.GetNamespace(), parsed.Quota.Name)
		e.Findings = append(e.Findings, quotaFinding(x, owner, quota, parsed, refused))
		if x.Snap.Lookup(quota).Presence == snapshot.Present {
			e.Blame = append(e.Blame, quota)
		}
	case parsed.Problem == apierror.ProblemPodSecurity:
		f := refusalFinding(x, owner, refused, parsed.Detail)
		e.Findings = append(e.Findings, refusal.PodSecurity(x, owner, obj.GetNamespace(), f))
	case parsed.Problem == apierror.ProblemNamespaceTerminating:
		e.Blame = append(e.Blame, engine.CoreRef("Namespace", "", obj.GetNamespace()))
		e.Findings = append(e.Findings, refusalFinding(x, owner, refused, "its namespace is being deleted"))
	default:
		findings, blame := refusal.ExplainAPIError(x, object.RefOf(obj), refused.message, refused.at)
		e.Findings, e.Blame = append(e.Findings, findings...), append(e.Blame, blame...)
		if len(e.Findings) == 0 {
			e.Findings = append(e.Findings, refusalFinding(x, owner, refused, health.FirstLine(refused.message)))
		}
	}
}

func refusalFinding(x *engine.Context, owner object.Ref, refused podRefusal, why string) finding.Finding {
	return finding.Finding{
		Code: engine.CodeCreateRefused, Ref: owner, Reason: "FailedCreate", Severity: finding.Critical, Since: refused.at,
		Message: fmt.Sprintf("the pods of %s can't be created: %s", owner, why), Evidence: []finding.Evidence{refused.proof},
	}
}

func accountFinding(x *engine.Context, owner, account object.Ref, refused podRefusal) finding.Finding {
	f := refusalFinding(x, owner, refused, account.String()+" does not exist")
	f.Code, f.Ref = engine.CodeServiceAccount, account
	f.Evidence = append(f.Evidence, finding.Evidence{Ref: account, Field: "object", Value: "does not exist"})
	if work := x.Snap.Lookup(owner).Object; work != nil {
		if name, ok := object.Quote(work.Object, "spec.template.spec.serviceAccountName"); ok && name == account.Name {
			f.Evidence = append(f.Evidence, engine.Evidence(work, "spec.template.spec.serviceAccountName", name, time.Time{}))
		}
	}
	f.Fixes = []finding.Fix{{Text: "Create the ServiceAccount, or correct serviceAccountName in the workload",
		Command: escape.Command("kubectl get serviceaccounts -n %s", account.Namespace)}}
	return f
}
