package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// explainQuota finds whose pods the quota keeps from being made. A quota that
// is used up and refuses nobody is as somebody wanted it.
func explainQuota(x *examiner, quota *unstructured.Unstructured, failing bool) exam {
	ref := finding.RefOf(quota)
	e := exam{verdict: health.Verdict{Ref: ref, Status: health.Ready, Since: quota.GetCreationTimestamp().Time}}
	for _, kind := range []schema.GroupKind{replicaSetKind, health.DeploymentKind, health.StatefulSetKind, daemonSetKind, jobKind} {
		for _, obj := range x.snap.List(kind, ref.Namespace).Objects {
			no, ok := x.refusalOf(obj)
			if !ok {
				continue
			}
			if said, _ := x.message(no.message).APIError(); said.Problem == fluxmsg.APIQuota && said.Quota.Name == ref.Name {
				f := x.quotaFinding(x.topOwnerOf(obj), ref, said, no)
				again := func(have finding.Finding) bool { return have.Message == f.Message } // a Deployment repeats its ReplicaSet
				if !slices.ContainsFunc(e.findings, again) {
					e.findings = append(e.findings, f)
				}
			}
		}
	}
	if len(e.findings) > 0 {
		e.verdict.Status, e.verdict.Reason, e.verdict.Since = health.Failing, "FailedCreate", e.findings[0].Since
		e.verdict.Message = e.findings[0].Message
	}
	return e
}

// quotaFinding is a quota that leaves no room for the pods of a workload.
func (x *examiner) quotaFinding(owner, quota finding.Ref, said fluxmsg.APIError, no podRefusal) finding.Finding {
	f := finding.Finding{
		Code: codeQuota, Ref: quota, Reason: "FailedCreate", Severity: finding.Critical, Since: no.at,
		Message:  fmt.Sprintf("%s is too small for the pods of %s", quota, owner),
		Evidence: []finding.Evidence{no.proof},
	}
	if len(said.Quota.Exceeded) == 0 { // it asks for limits or requests that the pods don't have
		f.Message = fmt.Sprintf("%s accepts only pods that set the requests and limits that it counts, and the pods of %s do not set all of them: %s", quota, owner, said.Detail)
		f.Fixes = []finding.Fix{{Text: "Set the requests and limits that the quota requires in the containers", File: x.file(x.snap.Lookup(owner).Object, "resources")}}
		return f
	}
	live := x.snap.Lookup(quota).Object
	var short []string
	for _, use := range said.Quota.Exceeded {
		short = append(short, fmt.Sprintf("%s: %s more requested, %s of %s used", use.Resource, use.Requested, use.Used, use.Limited))
		if live != nil {
			f.Evidence = append(f.Evidence, quotaProof(live, use.Resource)...)
		}
	}
	f.Message += " (" + strings.Join(short, "; ") + ")"
	f.Fixes = []finding.Fix{{Text: "Raise spec.hard of the quota, or lower what the namespace's workloads request", File: x.file(live, "spec.hard"),
		Command: escape.Command("kubectl describe resourcequota %s -n %s", quota.Name, quota.Namespace)}}
	return f
}

// quotaProof is what a quota allows of a resource, and what is used of it.
func quotaProof(quota *unstructured.Unstructured, resource string) []finding.Evidence {
	var proof []finding.Evidence
	for _, list := range []string{"hard", "used"} {
		path := fmt.Sprintf("status.%s[%s]", list, resource)
		if value, ok := field.Quote(quota.Object, path); ok {
			proof = append(proof, evidence(quota, path, value, time.Time{}))
		}
	}
	return proof
}
