package diagnose

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// requestPolicyKind is what approver-policy goes by.
var requestPolicyKind = schema.GroupKind{Group: "policy.cert-manager.io", Kind: "CertificateRequestPolicy"}

// policyReason is the reason of the conditions that approver-policy sets, and
// refusals are the policies in its message: "[name: spec.allowed.dnsNames…]"
// (approver-policy 0.23, pkg/internal/approver/manager/review.go).
const policyReason = "policy.cert-manager.io"

var refusals = regexp.MustCompile(`\[([-a-z0-9.]+): `)

// deniedByPolicy makes a denial one of the policies that approver-policy names.
func (x *examiner) deniedByPolicy(request *unstructured.Unstructured, f *finding.Finding) {
	denied := field.ConditionOf(request, "Denied")
	if denied.Reason != policyReason {
		return
	}
	certificate := request.GetAnnotations()[nameAnnotation]
	whose := "Certificate " + certificate
	if certificate == "" {
		whose = finding.RefOf(request).String()
	}
	f.Fixes = []finding.Fix{{Text: "Check which CertificateRequestPolicies exist, and what each allows", Command: "kubectl get certificaterequestpolicies -o yaml"}}
	named := refusals.FindAllStringSubmatch(denied.Message, maxNamed)
	for _, policy := range named {
		ref := finding.Ref{APIVersion: requestPolicyKind.Group + "/v1alpha1", Kind: requestPolicyKind.Kind, Name: policy[1]}
		obj := x.snap.Lookup(ref).Object
		if allowed, ok := valueAt(objectOf(obj), "spec.allowed"); ok && !strings.HasSuffix(allowed, "…") {
			f.Evidence = append(f.Evidence, evidence(obj, "spec.allowed", allowed, time.Time{}))
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

// bindPolicy is what to do where no policy counts for a request: one has to select
// it, and its requester needs the verb use on that (approver-policy 0.23,
// pkg/internal/approver/manager/predicate/predicate.go).
func bindPolicy(request *unstructured.Unstructured) finding.Fix {
	fix := finding.Fix{Text: "Grant the requester the verb use on a CertificateRequestPolicy, with a Role or ClusterRole, and have spec.selector of that policy match the issuer and the namespace",
		Command: "kubectl get certificaterequestpolicies"}
	if user := field.Text(request.Object, "spec", "username"); user != "" {
		fix.Command = "kubectl auth can-i use certificaterequestpolicies.policy.cert-manager.io --as=" + escape.ShellWord(user)
	}
	return fix
}

// approverPolicy are the Deployments of approver-policy (deploy/charts, 0.23).
func (x *examiner) approverPolicy() []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, obj := range x.labelled("app.kubernetes.io/name", "cert-manager-approver-policy") {
		if obj.GetKind() == health.DeploymentKind.Kind {
			found = append(found, obj)
		}
	}
	return found
}

// notApproved is a request that nothing has approved. Where approver-policy is
// installed it is that which approves; else cert-manager itself.
func (e *exam) notApproved(x *examiner, obj *unstructured.Unstructured, failing bool) {
	e.unanswered(x, obj, failing, field.Condition{Type: "Approved", Reason: "WaitingForApproval", Message: "nothing has approved it"})
	approvers := x.approverPolicy()
	if len(approvers) == 0 {
		e.blame = x.certManager("controller") // its approver is part of it
	}
	for _, deployment := range approvers {
		if ref := finding.RefOf(deployment); x.knownNotReady(ref) {
			e.blame = addRef(e.blame, ref)
		}
	}
	if len(e.fallback) == 0 {
		return // it may still be approved
	}
	f := &e.fallback[0]
	f.Code = codeNotApproved
	if len(approvers) == 0 {
		f.Fixes = []finding.Fix{{Text: "Check whether an approver is running: cert-manager's own approver approves requests for its issuers unless it is disabled (disableAutoApproval)", Command: x.certManagerLogs()}}
		return
	}
	x.withoutPolicy(e, f)
}

// withoutPolicy tells whether any policy of approver-policy could approve a
// request: one has to be ready, to select the issuer, and to be bound by RBAC to
// who requests.
func (x *examiner) withoutPolicy(e *exam, f *finding.Finding) {
	listing := x.snap.List(requestPolicyKind, "")
	f.Fixes = []finding.Fix{{Text: "Bind a CertificateRequestPolicy to the requester: a ClusterRole with the verb use on certificaterequestpolicies, and a binding to cert-manager's ServiceAccount", Command: "kubectl get certificaterequestpolicies"}}
	for _, why := range listing.Unknown {
		if why.Why != snapshot.NotServed {
			e.unknown = append(e.unknown, why)
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
		if ready := field.ConditionOf(policy, "Ready"); ready.Status == "False" {
			f.Evidence = append(f.Evidence, quoteWithStatus(policy, ready))
			f.Message += fmt.Sprintf("; %s is not ready: %s", finding.RefOf(policy), firstLine(ready.Message))
			f.Fixes = []finding.Fix{{Text: "Correct CertificateRequestPolicy " + policy.GetName(), Command: "kubectl describe certificaterequestpolicy " + escape.ShellWord(policy.GetName())}}
		}
	}
}
