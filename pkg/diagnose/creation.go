package diagnose

import (
	"fmt"
	"regexp"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
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
func (x *examiner) refusalOf(obj *unstructured.Unstructured) (podRefusal, bool) {
	if c := field.ConditionOf(obj, "ReplicaFailure"); c.Status == "True" {
		return podRefusal{c.Message, c.Since, quote(obj, c)}, c.Reason != "FailedDelete"
	}
	kind := finding.RefOf(obj).GroupKind()
	if kind == replicaSetKind || kind == health.DeploymentKind || !lacksPods(obj) {
		return podRefusal{}, false
	}
	for _, e := range x.warnings(obj) {
		if e.Reason == "FailedCreate" {
			return podRefusal{e.Message, e.First, eventEvidence(finding.RefOf(obj), e)}, true
		}
	}
	return podRefusal{}, false
}

// lacksPods reports whether fewer pods exist, ready or not, than desired.
func lacksPods(obj *unstructured.Unstructured) bool {
	status := func(name string) int64 { return field.Int(obj.Object, "status", name) }
	switch finding.RefOf(obj).GroupKind() {
	case daemonSetKind:
		return status("currentNumberScheduled") < status("desiredNumberScheduled")
	case jobKind:
		return status("active")+status("succeeded")+status("failed") == 0
	}
	return status("replicas") < field.IntOr(1, obj.Object, "spec", "replicas")
}

// creation reports why the pods of a workload can't be created, and whether that is so.
// The ReplicaSets of a Deployment create its pods.
func (x *examiner) creation(obj *unstructured.Unstructured, e *exam, failing bool) bool {
	for _, set := range x.replicaSets(obj) {
		if _, ok := x.refusalOf(set); ok {
			e.blame = append(e.blame, finding.RefOf(set))
			return true
		}
	}
	if no, ok := x.refusalOf(obj); ok {
		x.explainRefusal(obj, no, e)
		return true
	}
	return false
}

// accountNotFound matches the message of the admission plugin about a pod without its
// ServiceAccount (kubernetes v1.36, plugin/pkg/admission/serviceaccount).
var accountNotFound = regexp.MustCompile(`error looking up service account ([^\s/]+)/([^\s:]+):`)

func (x *examiner) explainRefusal(obj *unstructured.Unstructured, no podRefusal, e *exam) {
	said, _ := x.message(no.message).APIError()
	owner := x.topOwnerOf(obj)
	account := accountNotFound.FindStringSubmatch(no.message)
	switch {
	case account != nil:
		e.findings = append(e.findings, x.accountFinding(owner, coreRef("ServiceAccount", account[1], account[2]), no))
	case said.Problem == fluxmsg.APIQuota:
		quota := coreRef("ResourceQuota", obj.GetNamespace(), said.Quota.Name)
		e.findings = append(e.findings, x.quotaFinding(owner, quota, said, no))
		if x.snap.Lookup(quota).Presence == snapshot.Present {
			e.blame = append(e.blame, quota)
		}
	case said.Problem == fluxmsg.APIPodSecurity:
		f := x.refusalFinding(owner, no, said.Detail)
		e.findings = append(e.findings, x.podSecurity(owner, obj.GetNamespace(), f))
	case said.Problem == fluxmsg.APINamespaceTerminating:
		e.blame = append(e.blame, coreRef("Namespace", "", obj.GetNamespace()))
		e.findings = append(e.findings, x.refusalFinding(owner, no, "its namespace is being deleted"))
	default:
		findings, blame := x.explainAPIError(finding.RefOf(obj), no.message, no.at)
		e.findings, e.blame = append(e.findings, findings...), append(e.blame, blame...)
		if len(e.findings) == 0 {
			e.findings = append(e.findings, x.refusalFinding(owner, no, firstLine(no.message)))
		}
	}
}

// topOwnerOf is the workload that a user changes: for a ReplicaSet, its Deployment.
func (x *examiner) topOwnerOf(obj *unstructured.Unstructured) finding.Ref {
	ref := finding.RefOf(obj)
	if ref.GroupKind() != replicaSetKind {
		return ref
	}
	if above, ok := ownerOf(obj); ok {
		return above
	}
	return ref
}

func (x *examiner) refusalFinding(owner finding.Ref, no podRefusal, why string) finding.Finding {
	return finding.Finding{
		Code: codeCreateRefused, Ref: owner, Reason: "FailedCreate", Severity: finding.Critical, Since: no.at,
		Message: fmt.Sprintf("the pods of %s can't be created: %s", owner, why), Evidence: []finding.Evidence{no.proof},
	}
}

func (x *examiner) accountFinding(owner, account finding.Ref, no podRefusal) finding.Finding {
	f := x.refusalFinding(owner, no, account.String()+" does not exist")
	f.Code, f.Ref = codeServiceAccount, account
	f.Evidence = append(f.Evidence, finding.Evidence{Ref: account, Field: "object", Value: "does not exist"})
	if work := x.snap.Lookup(owner).Object; work != nil {
		if name, ok := field.Quote(work.Object, "spec.template.spec.serviceAccountName"); ok && name == account.Name {
			f.Evidence = append(f.Evidence, evidence(work, "spec.template.spec.serviceAccountName", name, time.Time{}))
		}
	}
	f.Fixes = []finding.Fix{{Text: "Create the ServiceAccount, or correct serviceAccountName in the workload",
		Command: escape.Command("kubectl get serviceaccounts -n %s", account.Namespace)}}
	return f
}
