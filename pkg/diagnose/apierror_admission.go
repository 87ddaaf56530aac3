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

// Kinds by which the API server itself refuses objects.
var (
	limitRangeKind    = schema.GroupKind{Kind: "LimitRange"}
	priorityClassKind = schema.GroupKind{Group: "scheduling.k8s.io", Kind: "PriorityClass"}
	policyKind        = schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicy"}
	bindingKind       = schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicyBinding"}
)

// owner is what a person changes about the refused object: of a pod that can't be
// created, the workload.
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

// namespaceOf is where the refused object is.
func (r apiRefusal) namespaceOf() string { return cmp.Or(r.said.Object.Namespace, r.obj.Namespace) }

// policy is a ValidatingAdmissionPolicy that refuses the object.
func (r apiRefusal) policy() finding.Finding {
	owner := r.owner()
	ref := finding.Ref{APIVersion: policyKind.Group + "/v1", Kind: policyKind.Kind, Name: r.said.Policy.Name}
	by := ref.String()
	if r.said.Policy.Binding != "" {
		by += " (binding " + r.said.Policy.Binding + ")"
	}
	f := r.plain(codePolicyDenied, "AdmissionPolicy", "", "")
	f.Ref, f.Message = owner, fmt.Sprintf("%s is denied by %s: %s", owner, by, firstLine(r.said.Detail))
	answer := r.x.snap.Lookup(ref)
	if answer.Presence == snapshot.Absent {
		f.Message += "; the policy no longer exists"
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"})
		f.Fixes = []finding.Fix{{Text: "Check whether the next attempt succeeds: the policy no longer exists", Command: "kubectl get validatingadmissionpolicies"}}
		return f
	}
	for i, validation := range field.List(objectOf(answer.Object), "spec", "validations") {
		expression, message := field.Text(validation, "expression"), field.Text(validation, "message")
		if message != "" && message == r.said.Detail || strings.TrimPrefix(r.said.Detail, "failed expression: ") == strings.TrimSpace(expression) {
			f.Evidence = append(f.Evidence, evidence(answer.Object, fmt.Sprintf("spec.validations[%d].expression", i), expression, time.Time{}))
		}
	}
	binding := r.x.snap.Lookup(finding.Ref{APIVersion: ref.APIVersion, Kind: bindingKind.Kind, Name: r.said.Policy.Binding}).Object
	if name := field.Text(objectOf(binding), "spec", "policyName"); name != "" {
		f.Evidence = append(f.Evidence, evidence(binding, "spec.policyName", name, time.Time{}))
	}
	f.Fixes = []finding.Fix{{Text: "Change " + owner.String() + " so that it satisfies the policy's expression", File: r.file(),
		Command: "kubectl get validatingadmissionpolicy " + escape.ShellWord(ref.Name) + " -o yaml"}}
	if strings.Contains(r.said.Detail, "no params found") || strings.Contains(r.said.Detail, "compilation error") || strings.Contains(r.said.Detail, "compile") {
		f.Ref = ref // it can't be satisfied by any object
		f.Fixes[0].Text = "Correct the policy or its parameters: it can't be evaluated"
	}
	return f
}

// limitRange is a LimitRange that does not allow what the containers ask for.
func (r apiRefusal) limitRange() finding.Finding {
	limit, owner, namespace := r.said.Limit, r.owner(), r.namespaceOf()
	f := r.plain(codeLimitRange, "LimitRange", "", "")
	f.Ref = owner
	has := "sets no " + cmp.Or(limit.Of, "limit and request")
	if limit.Given != "" {
		has = "has a " + cmp.Or(limit.Of, "ratio") + " of " + limit.Given
	}
	f.Message = fmt.Sprintf("%s violates a LimitRange of namespace %s: %s", owner, namespace, firstLine(r.said.Detail))
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

// bounds are the words for the sides of a LimitRange.
var bounds = map[fluxmsg.LimitBound]string{fluxmsg.LimitMax: "at most", fluxmsg.LimitMin: "at least", fluxmsg.LimitRatio: "a ratio of limits to requests up to"}

// limiting is the LimitRange that has just the bound that a message names, and
// where it has it.
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

// priorityClass is a pod whose PriorityClass does not exist.
func (r apiRefusal) priorityClass() ([]finding.Finding, []finding.Ref) {
	owner := r.owner()
	ref := finding.Ref{APIVersion: priorityClassKind.Group + "/v1", Kind: priorityClassKind.Kind, Name: r.said.Missing.Name}
	answer := r.x.snap.Lookup(ref)
	if answer.Presence == snapshot.Present {
		return nil, nil // it has been created since
	}
	f := r.plain(codePriorityClass, "PriorityClassNotFound", "", "")
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
	return one(f)
}

// podSecurity is a pod that the Pod Security level of its namespace does not
// allow, of the given owner.
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

// denials writes what the policies of a policy engine say, instead of the first
// line of a message that has a paragraph each.
func (r apiRefusal) denials(f *finding.Finding) {
	var all []string
	for _, denial := range r.said.Webhook.Denials {
		name := denial.Policy
		if denial.Rule != "" {
			name += ", rule " + denial.Rule
		}
		all = append(all, fmt.Sprintf("policy %s: %s", name, strings.TrimSuffix(firstLine(denial.Message), ".")))
	}
	if len(all) > 0 {
		f.Message = fmt.Sprintf("%s is denied by webhook %s: %s", f.Ref, r.said.Webhook.Name, strings.Join(all, "; "))
	}
}
