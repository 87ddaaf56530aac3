package refusal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/apierror"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// owner is the object to change: for a pod that can't be created, its workload.
func (r Refusal) owner() object.Ref {
	ref := r.Refused()
	if by := r.X.Snap.Lookup(r.Obj).Object; by != nil && (r.Obj.GroupKind() == object.ReplicaSetKind || slices.Contains(engine.WorkloadKinds, r.Obj.GroupKind())) {
		return r.X.TopOwnerOf(by)
	}
	if obj := r.X.Snap.Lookup(ref).Object; obj != nil {
		return r.X.TopOwnerOf(obj)
	}
	return ref
}

// namespaceOf is the namespace of the rejected object.
func (r Refusal) namespaceOf() string { return cmp.Or(r.Parsed.Object.Namespace, r.Obj.Namespace) }

// policy reports a ValidatingAdmissionPolicy that denies the object.
func (r Refusal) policy() finding.Finding {
	owner := r.owner()
	ref := object.Ref{APIVersion: object.PolicyKind.Group + "/v1", Kind: object.PolicyKind.Kind, Name: r.Parsed.Policy.Name}
	by := ref.String()
	if r.Parsed.Policy.Binding != "" {
		by += " (binding " + r.Parsed.Policy.Binding + ")"
	}
	f := r.refusedFinding(engine.CodePolicyDenied, "AdmissionPolicy", "", "")
	f.Ref, f.Message = owner, fmt.Sprintf("%s is denied by %s: %s", owner, by, health.FirstLine(r.Parsed.Detail))
	answer := r.X.Snap.Lookup(ref)
	if answer.Presence == snapshot.Absent {
		f.Message += "; the policy no longer exists"
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"})
		f.Fixes = []finding.Fix{{Text: "Check whether the next attempt succeeds: the policy no longer exists", Command: "kubectl get validatingadmissionpolicies"}}
		return f
	}
	for i, validation := range object.List(engine.ObjectOf(answer.Object), "spec", "validations") {
		expression, message := object.Text(validation, "expression"), object.Text(validation, "message")
		if message != "" && message == r.Parsed.Detail || strings.TrimPrefix(r.Parsed.Detail, "failed expression: ") == strings.TrimSpace(expression) {
			f.Evidence = append(f.Evidence, engine.Evidence(answer.Object, fmt.Sprintf("spec.validations[%d].expression", i), expression, time.Time{}))
		}
	}
	binding := r.X.Snap.Lookup(object.Ref{APIVersion: ref.APIVersion, Kind: object.BindingKind.Kind, Name: r.Parsed.Policy.Binding}).Object
	if name := object.Text(engine.ObjectOf(binding), "spec", "policyName"); name != "" {
		f.Evidence = append(f.Evidence, engine.Evidence(binding, "spec.policyName", name, time.Time{}))
	}
	f.Fixes = []finding.Fix{{Text: "Change " + owner.String() + " so that it satisfies the policy's expression", File: r.file(),
		Command: "kubectl get validatingadmissionpolicy " + escape.ShellWord(ref.Name) + " -o yaml"}}
	if strings.Contains(r.Parsed.Detail, "no params found") || strings.Contains(r.Parsed.Detail, "compilation error") || strings.Contains(r.Parsed.Detail, "compile") {
		f.Ref = ref // it can't be satisfied by any object
		f.Fixes[0].Text = "Correct the policy or its parameters: it can't be evaluated"
	}
	return f
}

// limitRange reports a LimitRange that does not allow what the containers request.
func (r Refusal) limitRange() finding.Finding {
	limit, owner, namespace := r.Parsed.Limit, r.owner(), r.namespaceOf()
	f := r.refusedFinding(engine.CodeLimitRange, "LimitRange", "", "")
	f.Ref = owner
	has := "sets no " + cmp.Or(limit.Of, "limit and request")
	if limit.Given != "" {
		has = "has a " + cmp.Or(limit.Of, "ratio") + " of " + limit.Given
	}
	f.Message = fmt.Sprintf("%s violates a LimitRange of namespace %s: %s", owner, namespace, health.FirstLine(r.Parsed.Detail))
	f.Fixes = []finding.Fix{{Text: "Compare the containers' resources with the LimitRange of the namespace", Command: "kubectl describe limitrange -n " + escape.ShellWord(namespace)}}
	if limitRange, at := limiting(r.X, namespace, limit); limitRange != nil {
		f.Ref = object.RefOf(limitRange)
		f.Message = fmt.Sprintf("%s allows %s %s of %s per %s; %s %s", f.Ref, bounds[limit.Bound], limit.Allowed, limit.Resource, limit.Type, owner, has)
		f.Evidence = append(f.Evidence, engine.Evidence(limitRange, at, limit.Allowed, limitRange.GetCreationTimestamp().Time))
		f.Fixes = []finding.Fix{
			{Text: fmt.Sprintf("Set the %s of %s in %s within these bounds", cmp.Or(limit.Of, "limit and request"), limit.Resource, owner), File: flux.File(r.X, r.X.Snap.Lookup(owner).Object, "resources"), Command: "kubectl describe limitrange " + escape.ShellWord(f.Ref.Name) + " -n " + escape.ShellWord(namespace)},
			{Text: "If the namespace is meant to allow it, change the bounds", File: flux.File(r.X, limitRange, at)},
		}
	}
	return f
}

// bounds describe the bounds of a LimitRange.
var bounds = map[apierror.LimitBound]string{apierror.LimitMax: "at most", apierror.LimitMin: "at least", apierror.LimitRatio: "a ratio of limits to requests up to"}

// limiting is the LimitRange with the bound that a message names, and the path of the
// bound.
func limiting(x *engine.Context, namespace string, limit apierror.Limit) (*unstructured.Unstructured, string) {
	for _, obj := range x.Snap.List(object.LimitRangeKind, namespace).Objects {
		for i, entry := range object.List(obj.Object, "spec", "limits") {
			if object.Text(entry, "type") == limit.Type && object.Text(entry, string(limit.Bound), limit.Resource) == limit.Allowed {
				return obj, fmt.Sprintf("spec.limits[%d].%s[%s]", i, limit.Bound, limit.Resource)
			}
		}
	}
	return nil, ""
}

// priorityClass reports a pod whose PriorityClass does not exist.
func (r Refusal) priorityClass() ([]finding.Finding, []object.Ref) {
	owner := r.owner()
	ref := object.Ref{APIVersion: object.PriorityClassKind.Group + "/v1", Kind: object.PriorityClassKind.Kind, Name: r.Parsed.Missing.Name}
	answer := r.X.Snap.Lookup(ref)
	if answer.Presence == snapshot.Present {
		return nil, nil // it has been created since
	}
	f := r.refusedFinding(engine.CodePriorityClass, "PriorityClassNotFound", "", "")
	f.Ref, f.Message = ref, fmt.Sprintf("the pods of %s can't be created: %s does not exist", owner, ref)
	if answer.Presence == snapshot.Absent {
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"})
	}
	work := r.X.Snap.Lookup(owner).Object
	if object.Text(engine.ObjectOf(work), "spec", "template", "spec", "priorityClassName") == ref.Name {
		f.Evidence = append(f.Evidence, engine.Evidence(work, "spec.template.spec.priorityClassName", ref.Name, time.Time{}))
	}
	fix := finding.Fix{Text: "Create the PriorityClass, or set priorityClassName to one that exists", File: flux.File(r.X, work, "priorityClassName"), Command: "kubectl get priorityclasses"}
	if near, ok := r.X.Nearest(ref); ok {
		f.Message += "; did you mean " + near.Name + "?"
		fix.Text = fmt.Sprintf("In priorityClassName, write %s instead of %s, or create %s", near.Name, ref.Name, ref.Name)
	}
	f.Fixes = []finding.Fix{fix}
	return single(f)
}

// PodSecurity adds fixes to the finding on a pod of the owner that the Pod Security level
// of its namespace does not allow.
func PodSecurity(x *engine.Context, owner object.Ref, namespace string, f finding.Finding) finding.Finding {
	const enforce = "pod-security.kubernetes.io/enforce"
	ref := engine.CoreRef(object.NamespaceKind.Kind, "", namespace)
	level := ""
	if obj := x.Snap.Lookup(ref).Object; obj != nil && obj.GetLabels()[enforce] != "" {
		level = obj.GetLabels()[enforce]
		f.Evidence = append(f.Evidence, engine.Evidence(obj, "metadata.labels["+enforce+"]", level, time.Time{}))
	}
	requirement := f.Message
	if _, after, ok := strings.Cut(f.Message, `": `); ok {
		requirement = after
	}
	f.Fixes = []finding.Fix{
		{Text: "Set what the level requires in the securityContext of the containers: " + requirement, File: flux.File(x, x.Snap.Lookup(owner).Object, "securityContext"), Command: "kubectl get namespace " + escape.ShellWord(namespace) + " --show-labels"},
		{Text: "If the pods need these privileges, label the namespace with a level that allows them (" + enforce + ")"},
	}
	return f
}

// denials quotes each policy of a policy engine, instead of the first line of a message
// that has a paragraph for each.
func (r Refusal) denials(f *finding.Finding) {
	var all []string
	for _, denial := range r.Parsed.Webhook.Denials {
		name := denial.Policy
		if denial.Rule != "" {
			name += ", rule " + denial.Rule
		}
		all = append(all, fmt.Sprintf("policy %s: %s", name, strings.TrimSuffix(health.FirstLine(denial.Message), ".")))
	}
	if len(all) > 0 {
		f.Message = fmt.Sprintf("%s is denied by webhook %s: %s", f.Ref, r.Parsed.Webhook.Name, strings.Join(all, "; "))
	}
}
