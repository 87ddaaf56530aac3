package diagnose

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// forbidden is a right that is missing: what has to change is what the user is
// allowed, not the object.
func (r apiRefusal) forbidden() finding.Finding {
	may := r.said.Access
	if may.User == "" {
		f := r.plain(codeForbidden, "Forbidden", "is not allowed", "")
		f.Fixes = []finding.Fix{{Text: "Compare the object with what the admission plugin in the message requires", Command: describe(f.Ref), File: r.file()}}
		return f
	}
	by := r
	if may.Escalates != "" {
		by.said.Object = fluxmsg.Object{} // the role itself is not looked at
	}
	f := by.plain(codeForbidden, "Forbidden", "can't be changed", "")
	who := may.User
	if account, ok := strings.CutPrefix(who, "system:serviceaccount:"); ok {
		if namespace, name, ok := strings.Cut(account, ":"); ok {
			f.Ref = coreRef("ServiceAccount", namespace, name)
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
	f.Message = fmt.Sprintf("%s cannot %s %s %s, which %s requires", who, may.Verb, resource, where, r.obj)
	if may.Namespace == "" {
		f.Fixes = []finding.Fix{{Text: "Grant the permission with a ClusterRole and a ClusterRoleBinding, then check it",
			Command: escape.Command("kubectl auth can-i %s %s --as=%s", may.Verb, resource, may.User)}}
		return f
	}
	f.Fixes = []finding.Fix{{Text: "Grant the permission with a Role and a RoleBinding, then check it",
		Command: escape.Command("kubectl auth can-i %s %s%s --as=%s", may.Verb, resource, escape.Shell(flag), may.User)}}
	return f
}

// escalates is a Role or binding that would grant rights which the account that
// applies it does not have itself.
func (r apiRefusal) escalates(f finding.Finding, who string) finding.Finding {
	role := finding.Ref{Kind: r.said.Object.Kind, Namespace: r.said.Object.Namespace, Name: r.said.Object.Name}
	if role.Kind == "" {
		role = r.obj
	}
	f.Message = fmt.Sprintf("%s cannot apply %s for %s: it does not have the permissions that the object grants: %s", who, role, r.obj, r.said.Access.Escalates)
	f.Fixes = []finding.Fix{
		{Text: "Check which permissions it has", Command: "kubectl auth can-i --list --as=" + escape.ShellWord(r.said.Access.User) + inNamespace(role)},
		{Text: fmt.Sprintf("Remove the permissions that are not needed from %s, or have an administrator grant %s the same permissions with a Role", role, who), File: r.file()},
	}
	return f
}

// quota is a ResourceQuota that leaves no room.
func (r apiRefusal) quota() finding.Finding {
	f := r.plain(codeQuota, "QuotaExceeded", "exceeds a quota", "")
	refused := f.Ref
	namespace := cmp.Or(r.said.Object.Namespace, r.obj.Namespace)
	f.Reason = cmp.Or(r.said.Reason, "QuotaExceeded")
	f.Ref = coreRef(quotaKind.Kind, namespace, r.said.Quota.Name)
	f.Message = fmt.Sprintf("%s is too small for %s: %s", f.Ref, refused, firstLine(r.said.Detail))
	var short []string
	for _, use := range r.said.Quota.Exceeded {
		short = append(short, fmt.Sprintf("%s: %s more requested, %s of %s used", use.Resource, use.Requested, use.Used, use.Limited))
	}
	if len(short) > 0 {
		f.Message = fmt.Sprintf("%s is too small for %s (%s)", f.Ref, refused, strings.Join(short, "; "))
	}
	f.Fixes = []finding.Fix{{Text: "Raise spec.hard of the quota, or request less", Command: "kubectl describe resourcequota " + escape.ShellWord(f.Ref.Name) + " -n " + escape.ShellWord(namespace)}}
	return f
}

// namespace is a namespace that is not there, or is going away.
func (r apiRefusal) namespace() ([]finding.Finding, []finding.Ref) {
	ref := coreRef(health.NamespaceKind.Kind, "", r.said.Namespace)
	answer := r.x.snap.Lookup(ref)
	if answer.Presence == snapshot.Present {
		if answer.Object.GetDeletionTimestamp() != nil {
			return nil, []finding.Ref{ref}
		}
		return nil, nil // it exists now
	}
	f := r.plain(codeNamespaceMissing, "NamespaceNotFound", "has no namespace", "Create the Namespace in a layer that is applied earlier")
	f.Ref = ref
	f.Message = fmt.Sprintf("%s has objects for namespace %s, which does not exist", r.obj, ref.Name)
	if r.said.Problem == fluxmsg.APINamespaceTerminating {
		f.Reason, f.Message = "Terminating", fmt.Sprintf("%s has objects for namespace %s, which was being deleted", r.obj, ref.Name)
		if answer.Presence == snapshot.Unknown {
			f.Message = fmt.Sprintf("%s has objects for namespace %s, which is being deleted: nothing can be created in it", r.obj, ref.Name)
			f.Fixes = []finding.Fix{{Text: "Check what blocks the deletion of the namespace; once it is deleted, it can be created again", Command: "kubectl get namespace " + escape.ShellWord(ref.Name) + " -o yaml"}}
		}
	}
	if near, ok := r.x.nearest(ref); ok && answer.Presence == snapshot.Absent {
		f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Write namespace: %s instead of %s, or create %s", near.Name, ref.Name, ref.Name), File: r.file(), Command: "kubectl get namespaces"}}
	}
	return one(f)
}

// apiServices are the aggregated APIs that don't answer.
func (r apiRefusal) apiServices() []finding.Ref {
	var found []finding.Ref
	for _, obj := range r.x.snap.List(apiServiceKind, "").Objects {
		if field.ConditionOf(obj, "Available").Status == "False" {
			found = append(found, finding.RefOf(obj))
		}
	}
	return found
}
