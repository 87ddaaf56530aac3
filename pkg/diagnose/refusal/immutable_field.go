package refusal

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// immutable reports a change of an immutable field: the change is reverted, or the object is
// replaced. If the object contains data, the data is moved first.
func (r Refusal) immutable() finding.Finding {
	f := r.refusedFinding(engine.CodeImmutable, "Invalid", "can't be changed in place", "Revert the change in Git")
	fields := r.immutableFields()
	if r.Parsed.Field != "" {
		f.Message = fmt.Sprintf("%s can't be changed in place: %s", f.Ref, r.immutableWords(fields))
		f.Fixes[0].Text = "Revert the change of " + strings.Join(fields, " and ") + " in Git"
	}
	f.Evidence = append(r.liveFields(f.Ref, fields), withoutField(f.Evidence, r.Parsed.Field)...)
	if !f.Ref.Same(r.Obj) {
		f.Fixes[0].Command = escape.Command("kubectl get %s %s%s -o yaml", strings.ToLower(f.Ref.Kind), f.Ref.Name, escape.Shell(inNamespace(f.Ref)))
		f.Fixes = append(f.Fixes, otherWays(f.Ref)...)
	}
	return f
}

// immutableFields are the fields that the request changes, as far as they are known.
func (r Refusal) immutableFields() []string {
	switch {
	case r.Parsed.Field == volumeSource:
		return []string{"the volume's source"}
	case len(r.Parsed.Changed) == 0:
		return []string{r.Parsed.Field}
	}
	var fields []string
	for _, name := range r.Parsed.Changed {
		fields = append(fields, r.Parsed.Field+"."+name)
	}
	return fields
}

// volumeSource is how the API server names the source of a PersistentVolume
// (pkg/apis/core/validation of k8s.io/kubernetes 1.36), whose field has the name of the
// storage type.
const volumeSource = "spec.persistentvolumesource"

// immutableWords describe what is immutable, and for a StatefulSet what is not.
func (r Refusal) immutableWords(fields []string) string {
	verb := " is immutable"
	if len(fields) > 1 {
		verb = " are immutable"
	}
	text := strings.Join(fields, " and ") + verb
	if _, only, ok := strings.Cut(r.Parsed.Detail, "for fields other than "); ok {
		only, _, _ = strings.Cut(only, " are forbidden")
		text = "of its spec, only " + strings.ReplaceAll(only, "'", "") + " can be changed"
	}
	return text
}

// liveFields quote the fields as they are in the cluster.
func (r Refusal) liveFields(ref object.Ref, fields []string) []finding.Evidence {
	obj := r.X.Snap.Lookup(ref).Object
	if obj == nil {
		return nil
	}
	var proof []finding.Evidence
	for _, path := range fields {
		if value, ok := engine.ValueAt(obj.Object, path); ok {
			proof = append(proof, engine.Evidence(obj, strings.TrimPrefix(path, "."), value, time.Time{}))
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

// meanwhile is what happens after an object of a kind without data is deleted, until it
// is created again.
var meanwhile = map[schema.GroupKind]string{
	object.DeploymentKind:   "its pods are terminated, and the service is interrupted",
	object.DaemonSetKind:    "its pods are terminated on all nodes",
	object.JobKind:          "its pods and their logs are lost, and it runs again from the start",
	object.StorageClassKind: "claims that reference it get no volume; existing volumes are not affected",
	object.ServiceKind:      "its clients can't connect, and it may get another address",
	{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}:        "its subjects lack the permissions",
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}: "its subjects lack the permissions",
}

// otherWays are the alternatives for a change that is needed.
func otherWays(ref object.Ref) []finding.Fix {
	namespace := ""
	if ref.Namespace != "" {
		namespace = " -n " + escape.ShellWord(ref.Namespace)
	}
	switch kind := ref.GroupKind(); kind {
	case object.ClaimKind:
		return []finding.Fix{{Text: "If the change is needed, migrate the data: create a claim with another name, copy the data to it, and have the workload use that; only the size of a bound claim can grow (spec.resources.requests)",
			Command: "kubectl describe persistentvolumeclaim " + escape.ShellWord(ref.Name) + namespace}}
	case object.VolumeKind:
		return []finding.Fix{{Text: "If the change is needed, migrate the data: create a volume and a claim with other names, copy the data to them, and have the workload use those",
			Command: "kubectl describe persistentvolume " + escape.ShellWord(ref.Name)}}
	case object.StatefulSetKind:
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
