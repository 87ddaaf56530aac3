package diagnose

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// maxValue is how long a live value may be to be quoted.
const maxValue = 300

// valueAt reads a field as the API server writes its path
// ("spec.template.spec.containers[0].image"). What is no path, is not there or is
// too long has no value.
func valueAt(obj map[string]any, path string) (string, bool) {
	text, ok := field.Quote(obj, path)
	return text, ok && len(text) <= maxValue
}

// immutable is a change of what can't be changed: it is reverted, or the object
// is replaced. Where it holds data, its data is moved first.
func (r apiRefusal) immutable() finding.Finding {
	f := r.plain(codeImmutable, "Invalid", "can't be changed in place", "Revert the change in Git")
	fields := r.immutableFields()
	if r.said.Field != "" {
		f.Message = fmt.Sprintf("%s can't be changed in place: %s", f.Ref, r.immutableWords(fields))
		f.Fixes[0].Text = "Revert the change of " + strings.Join(fields, " and ") + " in Git"
	}
	f.Evidence = append(r.liveFields(f.Ref, fields), withoutField(f.Evidence, r.said.Field)...)
	if !f.Ref.Same(r.obj) {
		f.Fixes[0].Command = escape.Command("kubectl get %s %s%s -o yaml", strings.ToLower(f.Ref.Kind), f.Ref.Name, escape.Shell(inNamespace(f.Ref)))
		f.Fixes = append(f.Fixes, otherWays(f.Ref)...)
	}
	return f
}

// immutableFields are the fields that were to be changed, as far as they are
// known.
func (r apiRefusal) immutableFields() []string {
	switch {
	case r.said.Field == volumeSource:
		return []string{"the volume's source"}
	case len(r.said.Changed) == 0:
		return []string{r.said.Field}
	}
	var fields []string
	for _, name := range r.said.Changed {
		fields = append(fields, r.said.Field+"."+name)
	}
	return fields
}

// volumeSource is how the API server names the source of a PersistentVolume
// (pkg/apis/core/validation of k8s.io/kubernetes 1.36), whose field is named after
// the kind of storage.
const volumeSource = "spec.persistentvolumesource"

// immutableWords say what may not change, and of a StatefulSet what may.
func (r apiRefusal) immutableWords(fields []string) string {
	verb := " is immutable"
	if len(fields) > 1 {
		verb = " are immutable"
	}
	text := strings.Join(fields, " and ") + verb
	if _, only, ok := strings.Cut(r.said.Detail, "for fields other than "); ok {
		only, _, _ = strings.Cut(only, " are forbidden")
		text = "of its spec, only " + strings.ReplaceAll(only, "'", "") + " can be changed"
	}
	return text
}

// liveFields are the fields as they are in the cluster.
func (r apiRefusal) liveFields(ref finding.Ref, fields []string) []finding.Evidence {
	obj := r.x.snap.Lookup(ref).Object
	if obj == nil {
		return nil
	}
	var proof []finding.Evidence
	for _, path := range fields {
		if value, ok := valueAt(obj.Object, path); ok {
			proof = append(proof, evidence(obj, strings.TrimPrefix(path, "."), value, time.Time{}))
		}
	}
	return proof
}

func withoutField(proof []finding.Evidence, path string) []finding.Evidence {
	var rest []finding.Evidence
	for _, e := range proof {
		if path == "" || e.Field != strings.TrimPrefix(path, ".") && e.Field != path {
			rest = append(rest, e)
		}
	}
	return rest
}

// meanwhile is what happens while an object of a kind that holds no data is
// deleted and has not been created again.
var meanwhile = map[schema.GroupKind]string{
	health.DeploymentKind: "its pods are terminated, and it serves nothing until it is created again",
	daemonSetKind:         "its pods are terminated on all nodes until it is created again",
	jobKind:               "its pods and their logs are lost, and it runs again from the start",
	storageClassKind:      "claims that reference it get no volume; existing volumes are not affected",
	health.ServiceKind:    "its clients can't connect, and it may get another address",
	{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}:        "its subjects lack the permissions",
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}: "its subjects lack the permissions",
}

// otherWays are what else can be done about a change that has to be made.
func otherWays(ref finding.Ref) []finding.Fix {
	namespace := ""
	if ref.Namespace != "" {
		namespace = " -n " + escape.ShellWord(ref.Namespace)
	}
	switch kind := ref.GroupKind(); kind {
	case claimKind:
		return []finding.Fix{{Text: "If the change is needed, migrate the data: create a claim with another name, copy the data to it, and have the workload use that; only the size of a bound claim can grow (spec.resources.requests)",
			Command: "kubectl describe persistentvolumeclaim " + escape.ShellWord(ref.Name) + namespace}}
	case volumeKind:
		return []finding.Fix{{Text: "If the change is needed, migrate the data: create a volume and a claim with other names, copy the data to them, and have the workload use those",
			Command: "kubectl describe persistentvolume " + escape.ShellWord(ref.Name)}}
	case health.StatefulSetKind:
		return []finding.Fix{{Text: "If the change is needed, delete the StatefulSet alone: its pods and claims stay, and the new one takes them over; existing claims keep their size",
			Command: "kubectl delete statefulset " + escape.ShellWord(ref.Name) + namespace + " --cascade=orphan"}}
	default:
		if stops, ok := meanwhile[kind]; ok {
			return []finding.Fix{{Text: "Only if the change is needed, delete the object, so that it is created again; meanwhile, " + stops,
				Command: escape.Command("kubectl delete %s %s%s", strings.ToLower(ref.Kind), ref.Name, escape.Shell(namespace))}}
		}
	}
	return nil
}
