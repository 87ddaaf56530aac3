package diagnose

import (
	"cmp"
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
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Kinds that configure the admission plugins of the API server.
var (
	limitRangeKind    = schema.GroupKind{Kind: "LimitRange"}
	priorityClassKind = schema.GroupKind{Group: "scheduling.k8s.io", Kind: "PriorityClass"}
	policyKind        = schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicy"}
	bindingKind       = schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicyBinding"}
)

// owner is the object to change: for a pod that can't be created, its workload.
func (r apiRefusal) owner() finding.Ref {
	ref := r.refused()
	if by := r.x.snap.Lookup(r.obj).Object; by != nil && (r.obj.GroupKind() == replicaSetKind || slices.Contains(workloadKinds, r.obj.GroupKind())) {
		return r.x.topOwnerOf(by)
	}
	if obj := r.x.snap.Lookup(ref).Object; obj != nil {
		return r.x.topOwnerOf(obj)
	}
	return ref
}

// namespaceOf is the namespace of the rejected object.
func (r apiRefusal) namespaceOf() string { return cmp.Or(r.parsed.Object.Namespace, r.obj.Namespace) }

// policy reports a ValidatingAdmissionPolicy that denies the object.
func (r apiRefusal) policy() finding.Finding {
	owner := r.owner()
	ref := finding.Ref{APIVersion: policyKind.Group + "/v1", Kind: policyKind.Kind, Name: r.parsed.Policy.Name}
	by := ref.String()
	if r.parsed.Policy.Binding != "" {
		by += " (binding " + r.parsed.Policy.Binding + ")"
	}
	f := r.refusedFinding(codePolicyDenied, "AdmissionPolicy", "", "")
	f.Ref, f.Message = owner, fmt.Sprintf("%s is denied by %s: %s", owner, by, firstLine(r.parsed.Detail))
	answer := r.x.snap.Lookup(ref)
	if answer.Presence == snapshot.Absent {
		f.Message += "; the policy no longer exists"
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"})
		f.Fixes = []finding.Fix{{Text: "Check whether the next attempt succeeds: the policy no longer exists", Command: "kubectl get validatingadmissionpolicies"}}
		return f
	}
	for i, validation := range field.List(objectOf(answer.Object), "spec", "validations") {
		expression, message := field.Text(validation, "expression"), field.Text(validation, "message")
		if message != "" && message == r.parsed.Detail || strings.TrimPrefix(r.parsed.Detail, "failed expression: ") == strings.TrimSpace(expression) {
			f.Evidence = append(f.Evidence, evidence(answer.Object, fmt.Sprintf("spec.validations[%d].expression", i), expression, time.Time{}))
		}
	}
	binding := r.x.snap.Lookup(finding.Ref{APIVersion: ref.APIVersion, Kind: bindingKind.Kind, Name: r.parsed.Policy.Binding}).Object
	if name := field.Text(objectOf(binding), "spec", "policyName"); name != "" {
		f.Evidence = append(f.Evidence, evidence(binding, "spec.policyName", name, time.Time{}))
	}
	f.Fixes = []finding.Fix{{Text: "Change " + owner.String() + " so that it satisfies the policy's expression", File: r.file(),
		Command: "kubectl get validatingadmissionpolicy " + escape.ShellWord(ref.Name) + " -o yaml"}}
	if strings.Contains(r.parsed.Detail, "no params found") || strings.Contains(r.parsed.Detail, "compilation error") || strings.Contains(r.parsed.Detail, "compile") {
		f.Ref = ref // it can't be satisfied by any object
		f.Fixes[0].Text = "Correct the policy or its parameters: it can't be evaluated"
	}
	return f
}

// limitRange reports a LimitRange that does not allow what the containers request.
func (r apiRefusal) limitRange() finding.Finding {
	limit, owner, namespace := r.parsed.Limit, r.owner(), r.namespaceOf()
	f := r.refusedFinding(codeLimitRange, "LimitRange", "", "")
	f.Ref = owner
	has := "sets no " + cmp.Or(limit.Of, "limit and request")
	if limit.Given != "" {
		has = "has a " + cmp.Or(limit.Of, "ratio") + " of " + limit.Given
	}
	f.Message = fmt.Sprintf("%s violates a LimitRange of namespace %s: %s", owner, namespace, firstLine(r.parsed.Detail))
	f.Fixes = []finding.Fix{{Text: "Compare the containers' resources with the LimitRange of the namespace", Command: "kubectl describe limitrange -n " + escape.ShellWord(namespace)}}
	if limitRange, at := r.x.limiting(namespace, limit); limitRange != nil {
		f.Ref = finding.RefOf(limitRange)
		f.Message = fmt.Sprintf("%s allows %s %s of %s per %s; %s %s", f.Ref, bounds[limit.Bound], limit.Allowed, limit.Resource, limit.Type, owner, has)
		f.Evidence = append(f.Evidence, evidence(limitRange, at, limit.Allowed, limitRange.GetCreationTimestamp().Time))
		f.Fixes = []finding.Fix{
			{Text: fmt.Sprintf("Set the %s of %s in %s within these bounds", cmp.Or(limit.Of, "limit and request"), limit.Resource, owner), File: r.x.file(r.x.snap.Lookup(owner).Object, "resources"), Command: "kubectl describe limitrange " + escape.ShellWord(f.Ref.Name) + " -n " + escape.ShellWord(namespace)},
			{Text: "If the namespace is meant to allow it, change the bounds", File: r.x.file(limitRange, at)},
		}
	}
	return f
}

// bounds describe the bounds of a LimitRange.
var bounds = map[fluxmsg.LimitBound]string{fluxmsg.LimitMax: "at most", fluxmsg.LimitMin: "at least", fluxmsg.LimitRatio: "a ratio of limits to requests up to"}

// limiting is the LimitRange with the bound that a message names, and the path of the
// bound.
func (x *examiner) limiting(namespace string, limit fluxmsg.Limit) (*unstructured.Unstructured, string) {
	for _, obj := range x.snap.List(limitRangeKind, namespace).Objects {
		for i, entry := range field.List(obj.Object, "spec", "limits") {
			if field.Text(entry, "type") == limit.Type && field.Text(entry, string(limit.Bound), limit.Resource) == limit.Allowed {
				return obj, fmt.Sprintf("spec.limits[%d].%s[%s]", i, limit.Bound, limit.Resource)
			}
		}
	}
	return nil, ""
}

// priorityClass reports a pod whose PriorityClass does not exist.
func (r apiRefusal) priorityClass() ([]finding.Finding, []finding.Ref) {
	owner := r.owner()
	ref := finding.Ref{APIVersion: priorityClassKind.Group + "/v1", Kind: priorityClassKind.Kind, Name: r.parsed.Missing.Name}
	answer := r.x.snap.Lookup(ref)
	if answer.Presence == snapshot.Present {
		return nil, nil // it has been created since
	}
	f := r.refusedFinding(codePriorityClass, "PriorityClassNotFound", "", "")
	f.Ref, f.Message = ref, fmt.Sprintf("the pods of %s can't be created: %s does not exist", owner, ref)
	if answer.Presence == snapshot.Absent {
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"})
	}
	work := r.x.snap.Lookup(owner).Object
	if field.Text(objectOf(work), "spec", "template", "spec", "priorityClassName") == ref.Name {
		f.Evidence = append(f.Evidence, evidence(work, "spec.template.spec.priorityClassName", ref.Name, time.Time{}))
	}
	fix := finding.Fix{Text: "Create the PriorityClass, or set priorityClassName to one that exists", File: r.x.file(work, "priorityClassName"), Command: "kubectl get priorityclasses"}
	if near, ok := r.x.nearest(ref); ok {
		f.Message += "; did you mean " + near.Name + "?"
		fix.Text = fmt.Sprintf("In priorityClassName, write %s instead of %s, or create %s", near.Name, ref.Name, ref.Name)
	}
	f.Fixes = []finding.Fix{fix}
	return single(f)
}

// podSecurity adds fixes to the finding on a pod of the owner that the Pod Security level
// of its namespace does not allow.
func (x *examiner) podSecurity(owner finding.Ref, namespace string, f finding.Finding) finding.Finding {
	const enforce = "pod-security.kubernetes.io/enforce"
	ref := coreRef(health.NamespaceKind.Kind, "", namespace)
	level := ""
	if obj := x.snap.Lookup(ref).Object; obj != nil && obj.GetLabels()[enforce] != "" {
		level = obj.GetLabels()[enforce]
		f.Evidence = append(f.Evidence, evidence(obj, "metadata.labels["+enforce+"]", level, time.Time{}))
	}
	asks := f.Message
	if _, after, ok := strings.Cut(f.Message, `": `); ok {
		asks = after
	}
	f.Fixes = []finding.Fix{
		{Text: "Set what the level requires in the securityContext of the containers: " + asks, File: x.file(x.snap.Lookup(owner).Object, "securityContext"), Command: "kubectl get namespace " + escape.ShellWord(namespace) + " --show-labels"},
		{Text: "If the pods need these privileges, label the namespace with a level that allows them (" + enforce + ")"},
	}
	return f
}

// denials quotes each policy of a policy engine, instead of the first line of a message
// that has a paragraph for each.
func (r apiRefusal) denials(f *finding.Finding) {
	var all []string
	for _, denial := range r.parsed.Webhook.Denials {
		name := denial.Policy
		if denial.Rule != "" {
			name += ", rule " + denial.Rule
		}
		all = append(all, fmt.Sprintf("policy %s: %s", name, strings.TrimSuffix(firstLine(denial.Message), ".")))
	}
	if len(all) > 0 {
		f.Message = fmt.Sprintf("%s is denied by webhook %s: %s", f.Ref, r.parsed.Webhook.Name, strings.Join(all, "; "))
	}
}
