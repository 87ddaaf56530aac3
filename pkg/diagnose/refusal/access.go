package refusal

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/apierror"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// forbidden reports a missing permission: the permissions of the user have to change, not
// the object.
func (r Refusal) forbidden() finding.Finding {
	may := r.Parsed.Access
	if may.User == "" {
		f := r.refusedFinding(engine.CodeForbidden, "Forbidden", "is not allowed", "")
		f.Fixes = []finding.Fix{{Text: "Compare the object with what the admission plugin in the message requires", Command: engine.Describe(f.Ref), File: r.file()}}
		return f
	}
	by := r
	if may.Escalates != "" {
		by.Parsed.Object = match.Object{} // the role itself is not examined
	}
	f := by.refusedFinding(engine.CodeForbidden, "Forbidden", "can't be changed", "")
	who := may.User
	if account, ok := strings.CutPrefix(who, "system:serviceaccount:"); ok {
		if namespace, name, ok := strings.Cut(account, ":"); ok {
			f.Ref = engine.CoreRef("ServiceAccount", namespace, name)
			who = f.Ref.String()
		}
	}
	if may.Escalates != "" {
		return r.escalates(f, who)
	}
	resource := may.Resource
	if may.APIGroup != "" {
		resource += "." + may.APIGroup
	}
	where, flag := "in the cluster", ""
	if may.Namespace != "" {
		where, flag = "in namespace "+may.Namespace, " -n "+escape.ShellWord(may.Namespace)
	}
	f.Message = fmt.Sprintf("%s cannot %s %s %s, which %s requires", who, may.Verb, resource, where, r.Obj)
	if may.Namespace == "" {
		f.Fixes = []finding.Fix{{Text: "Grant the permission with a ClusterRole and a ClusterRoleBinding, then check it",
			Command: escape.Command("kubectl auth can-i %s %s --as=%s", may.Verb, resource, may.User)}}
		return f
	}
	f.Fixes = []finding.Fix{{Text: "Grant the permission with a Role and a RoleBinding, then check it",
		Command: escape.Command("kubectl auth can-i %s %s%s --as=%s", may.Verb, resource, escape.Shell(flag), may.User)}}
	return f
}

// escalates reports a Role or binding that would grant permissions which the account that
// applies it does not have itself.
func (r Refusal) escalates(f finding.Finding, who string) finding.Finding {
	role := object.Ref{Kind: r.Parsed.Object.Kind, Namespace: r.Parsed.Object.Namespace, Name: r.Parsed.Object.Name}
	if role.Kind == "" {
		role = r.Obj
	}
	f.Message = fmt.Sprintf("%s cannot apply %s for %s: it does not have the permissions that the object grants: %s", who, role, r.Obj, r.Parsed.Access.Escalates)
	f.Fixes = []finding.Fix{
		{Text: "Check which permissions it has", Command: "kubectl auth can-i --list --as=" + escape.ShellWord(r.Parsed.Access.User) + inNamespace(role)},
		{Text: fmt.Sprintf("Remove the permissions that are not needed from %s, or have an administrator grant %s the same permissions with a Role", role, who), File: r.file()},
	}
	return f
}

// quota reports a ResourceQuota that is exceeded.
func (r Refusal) quota() finding.Finding {
	f := r.refusedFinding(engine.CodeQuota, "QuotaExceeded", "exceeds a quota", "")
	refused := f.Ref
	namespace := cmp.Or(r.Parsed.Object.Namespace, r.Obj.Namespace)
	f.Reason = cmp.Or(r.Parsed.Reason, "QuotaExceeded")
	f.Ref = engine.CoreRef(object.QuotaKind.Kind, namespace, r.Parsed.Quota.Name)
	f.Message = fmt.Sprintf("%s is too small for %s: %s", f.Ref, refused, health.FirstLine(r.Parsed.Detail))
	var short []string
	for _, use := range r.Parsed.Quota.Exceeded {
		short = append(short, fmt.Sprintf("%s: %s more requested, %s of %s used", use.Resource, use.Requested, use.Used, use.Limited))
	}
	if len(short) > 0 {
		f.Message = fmt.Sprintf("%s is too small for %s (%s)", f.Ref, refused, strings.Join(short, "; "))
	}
	f.Fixes = []finding.Fix{{Text: "Raise spec.hard of the quota, or request less", Command: "kubectl describe resourcequota " + escape.ShellWord(f.Ref.Name) + " -n " + escape.ShellWord(namespace)}}
	return f
}

// namespace reports a namespace that does not exist, or blames one that is being deleted.
func (r Refusal) namespace() ([]finding.Finding, []object.Ref) {
	ref := engine.CoreRef(object.NamespaceKind.Kind, "", r.Parsed.Namespace)
	answer := r.X.Snap.Lookup(ref)
	if answer.Presence == snapshot.Present {
		if answer.Object.GetDeletionTimestamp() != nil {
			return nil, []object.Ref{ref}
		}
		return nil, nil // it exists now
	}
	f := r.refusedFinding(engine.CodeNamespaceMissing, "NamespaceNotFound", "has no namespace", "Create the Namespace in a layer that is applied earlier")
	f.Ref = ref
	f.Message = fmt.Sprintf("%s has objects for namespace %s, which does not exist", r.Obj, ref.Name)
	if r.Parsed.Problem == apierror.ProblemNamespaceTerminating {
		f.Reason, f.Message = "Terminating", fmt.Sprintf("%s has objects for namespace %s, which was being deleted", r.Obj, ref.Name)
		if answer.Presence == snapshot.Unknown {
			f.Message = fmt.Sprintf("%s has objects for namespace %s, which is being deleted: nothing can be created in it", r.Obj, ref.Name)
			f.Fixes = []finding.Fix{{Text: "Check what blocks the deletion of the namespace; once it is deleted, it can be created again", Command: "kubectl get namespace " + escape.ShellWord(ref.Name) + " -o yaml"}}
		}
	}
	if near, ok := r.X.Nearest(ref); ok && answer.Presence == snapshot.Absent {
		f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Write namespace: %s instead of %s, or create %s", near.Name, ref.Name, ref.Name), File: r.file(), Command: "kubectl get namespaces"}}
	}
	return single(f)
}

// APIServices lists the aggregated APIs that are not available.
func (r Refusal) APIServices() []object.Ref {
	var found []object.Ref
	for _, obj := range r.X.Snap.List(object.APIServiceKind, "").Objects {
		if object.ConditionOf(obj, "Available").Status == "False" {
			found = append(found, object.RefOf(obj))
		}
	}
	return found
}
