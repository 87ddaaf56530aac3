package workload

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/apierror"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ExplainQuota reports the workloads whose pods the quota prevents from being created. A
// quota that is used up but rejects nothing works as intended.
func ExplainQuota(x *engine.Context, quota *unstructured.Unstructured, failing bool) engine.Result {
	ref := object.RefOf(quota)
	e := engine.Result{Verdict: health.Verdict{Ref: ref, Status: health.Ready, Since: quota.GetCreationTimestamp().Time}}
	for _, kind := range []schema.GroupKind{object.ReplicaSetKind, object.DeploymentKind, object.StatefulSetKind, object.DaemonSetKind, object.JobKind} {
		for _, obj := range x.Snap.List(kind, ref.Namespace).Objects {
			refused, ok := refusalOf(x, obj)
			if !ok {
				continue
			}
			if parsed, _ := x.Message(refused.message).APIError(); parsed.Problem == apierror.ProblemQuota && parsed.Quota.Name == ref.Name {
				f := quotaFinding(x, x.TopOwnerOf(obj), ref, parsed, refused)
				again := func(have finding.Finding) bool { return have.Message == f.Message } // a Deployment repeats its ReplicaSet
				if !slices.ContainsFunc(e.Findings, again) {
					e.Findings = append(e.Findings, f)
				}
			}
		}
	}
	if len(e.Findings) > 0 {
		e.Verdict.Status, e.Verdict.Reason, e.Verdict.Since = health.Failing, "FailedCreate", e.Findings[0].Since
		e.Verdict.Message = e.Findings[0].Message
	}
	return e
}

// quotaFinding is the finding on a quota that is too small for the pods of a workload.
func quotaFinding(x *engine.Context, owner, quota object.Ref, parsed apierror.Error, refused podRefusal) finding.Finding {
	f := finding.Finding{
		Code: engine.CodeQuota, Ref: quota, Reason: "FailedCreate", Severity: finding.Critical, Since: refused.at,
		Message:  fmt.Sprintf("%s is too small for the pods of %s", quota, owner),
		Evidence: []finding.Evidence{refused.proof},
	}
	if len(parsed.Quota.Exceeded) == 0 { // it requires limits or requests that the pods don't have
		f.Message = fmt.Sprintf("%s accepts only pods that set the requests and limits that it counts, and the pods of %s do not set all of them: %s", quota, owner, parsed.Detail)
		f.Fixes = []finding.Fix{{Text: "Set the requests and limits that the quota requires in the containers", File: flux.File(x, x.Snap.Lookup(owner).Object, "resources")}}
		return f
	}
	live := x.Snap.Lookup(quota).Object
	var short []string
	for _, use := range parsed.Quota.Exceeded {
		short = append(short, fmt.Sprintf("%s: %s more requested, %s of %s used", use.Resource, use.Requested, use.Used, use.Limited))
		if live != nil {
			f.Evidence = append(f.Evidence, quotaProof(live, use.Resource)...)
		}
	}
	f.Message += " (" + strings.Join(short, "; ") + ")"
	f.Fixes = []finding.Fix{{Text: "Raise spec.hard of the quota, or lower what the namespace's workloads request", File: flux.File(x, live, "spec.hard"),
		Command: escape.Command("kubectl describe resourcequota %s -n %s", quota.Name, quota.Namespace)}}
	return f
}

// quotaProof quotes what a quota allows of a resource, and what is used.
func quotaProof(quota *unstructured.Unstructured, resource string) []finding.Evidence {
	var proof []finding.Evidence
	for _, list := range []string{"hard", "used"} {
		path := fmt.Sprintf("status.%s[%s]", list, resource)
		if value, ok := object.Quote(quota.Object, path); ok {
			proof = append(proof, engine.Evidence(quota, path, value, time.Time{}))
		}
	}
	return proof
}
