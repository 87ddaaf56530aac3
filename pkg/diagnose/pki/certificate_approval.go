package pki

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// policyReason is the reason of the conditions that approver-policy sets, and
// refusals are the policies in its message: "[name: spec.allowed.dnsNames…]"
// (approver-policy 0.23, pkg/internal/approver/manager/review.go).
const policyReason = "policy.cert-manager.io"

var refusals = regexp.MustCompile(`\[([-a-z0-9.]+): `)

// deniedByPolicy adds to a denial the policies that approver-policy names.
func deniedByPolicy(x *engine.Context, request *unstructured.Unstructured, f *finding.Finding) {
	denied := object.ConditionOf(request, "Denied")
	if denied.Reason != policyReason {
		return
	}
	certificate := request.GetAnnotations()[nameAnnotation]
	whose := "Certificate " + certificate
	if certificate == "" {
		whose = object.RefOf(request).String()
	}
	f.Fixes = []finding.Fix{{Text: "Check which CertificateRequestPolicies exist, and what each allows", Command: "kubectl get certificaterequestpolicies -o yaml"}}
	named := refusals.FindAllStringSubmatch(denied.Message, engine.MaxNamed)
	for _, policy := range named {
		ref := object.Ref{APIVersion: object.RequestPolicyKind.Group + "/v1alpha1", Kind: object.RequestPolicyKind.Kind, Name: policy[1]}
		obj := x.Snap.Lookup(ref).Object
		if allowed, ok := engine.ValueAt(engine.ObjectOf(obj), "spec.allowed"); ok && !strings.HasSuffix(allowed, "…") {
			f.Evidence = append(f.Evidence, engine.Evidence(obj, "spec.allowed", allowed, time.Time{}))
		}
	}
	if strings.Contains(denied.Message, "No CertificateRequestPolicies bound or applicable") {
		f.Fixes = append([]finding.Fix{bindPolicy(request)}, f.Fixes...)
	}
	if len(named) > 0 {
		f.Fixes[0] = finding.Fix{
			Text:    fmt.Sprintf("Change %s so that the policy allows it (the message names the fields), or extend spec.allowed of CertificateRequestPolicy %s", whose, named[0][1]),
			Command: "kubectl get certificaterequestpolicy " + escape.ShellWord(named[0][1]) + " -o yaml",
		}
	}
}

// bindPolicy is the fix if no policy applies to a request: one must select it, and its
// requester needs the verb use on it (approver-policy 0.23,
// pkg/internal/approver/manager/predicate/predicate.go).
func bindPolicy(request *unstructured.Unstructured) finding.Fix {
	fix := finding.Fix{Text: "Grant the requester the verb use on a CertificateRequestPolicy, with a Role or ClusterRole, and have spec.selector of that policy match the issuer and the namespace",
		Command: "kubectl get certificaterequestpolicies"}
	if user := object.Text(request.Object, "spec", "username"); user != "" {
		fix.Command = "kubectl auth can-i use certificaterequestpolicies.policy.cert-manager.io --as=" + escape.ShellWord(user)
	}
	return fix
}

// approverPolicy are the Deployments of approver-policy (deploy/charts, 0.23).
func approverPolicy(x *engine.Context) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, obj := range x.Labelled("app.kubernetes.io/name", "cert-manager-approver-policy") {
		if obj.GetKind() == object.DeploymentKind.Kind {
			found = append(found, obj)
		}
	}
	return found
}

// notApproved reports a request that nothing has approved. If approver-policy is
// installed, it approves; otherwise cert-manager itself.
func notApproved(e *engine.Result, x *engine.Context, obj *unstructured.Unstructured, failing bool) {
	unanswered(e, x, obj, failing, object.Condition{Type: "Approved", Reason: "WaitingForApproval", Message: "nothing has approved it"})
	approvers := approverPolicy(x)
	if len(approvers) == 0 {
		e.Blame = flux.CertManager(x, "controller") // its approver is part of it
	}
	for _, deployment := range approvers {
		if ref := object.RefOf(deployment); flux.KnownNotReady(x, ref) {
			e.Blame = engine.AddRef(e.Blame, ref)
		}
	}
	if len(e.Fallback) == 0 {
		return // it may still be approved
	}
	f := &e.Fallback[0]
	f.Code = engine.CodeNotApproved
	if len(approvers) == 0 {
		f.Fixes = []finding.Fix{{Text: "Check whether an approver is running: cert-manager's own approver approves requests for its issuers unless it is disabled (disableAutoApproval)", Command: certManagerLogs(x)}}
		return
	}
	withoutPolicy(x, e, f)
}

// withoutPolicy reports whether any policy of approver-policy could approve a request: it
// must be ready, select the issuer, and be bound to the requester by RBAC.
func withoutPolicy(x *engine.Context, e *engine.Result, f *finding.Finding) {
	listing := x.Snap.List(object.RequestPolicyKind, "")
	f.Fixes = []finding.Fix{{Text: "Bind a CertificateRequestPolicy to the requester: a ClusterRole with the verb use on certificaterequestpolicies, and a binding to cert-manager's ServiceAccount", Command: "kubectl get certificaterequestpolicies"}}
	for _, why := range listing.Unknown {
		if why.Reason != snapshot.NotServed {
			e.Unknown = append(e.Unknown, why)
		}
	}
	if len(listing.Unknown) > 0 {
		return
	}
	f.Message += "; no CertificateRequestPolicy applies to it"
	if len(listing.Objects) == 0 {
		f.Message = strings.TrimSuffix(f.Message, "; no CertificateRequestPolicy applies to it") + "; no CertificateRequestPolicy exists"
		f.Fixes = []finding.Fix{{Text: "Create a CertificateRequestPolicy that allows such requests, and bind it to cert-manager's ServiceAccount", Command: "kubectl get certificaterequestpolicies"}}
	}
	for _, policy := range listing.Objects {
		if ready := object.ConditionOf(policy, "Ready"); ready.Status == "False" {
			f.Evidence = append(f.Evidence, engine.QuoteWithStatus(policy, ready))
			f.Message += fmt.Sprintf("; %s is not ready: %s", object.RefOf(policy), health.FirstLine(ready.Message))
			f.Fixes = []finding.Fix{{Text: "Correct CertificateRequestPolicy " + policy.GetName(), Command: "kubectl describe certificaterequestpolicy " + escape.ShellWord(policy.GetName())}}
		}
	}
}
