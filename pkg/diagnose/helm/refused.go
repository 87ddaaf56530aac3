package helm

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/refusal"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/message/apierror"
	"github.com/digihunch/kubectl-orthweb/pkg/message/helm"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// refused reports what the API server, or Helm on its behalf, refused of the release.
func refused(r flux.Release, parsed helm.Failure, m flux.Statement) bool {
	rejected, ok := r.X.Message(m.Text).APIError()
	switch {
	case !ok || rejected.Problem == apierror.ProblemTimeout || rejected.Problem == apierror.ProblemOther:
		return false
	case rejected.Problem == apierror.ProblemExists && strings.Contains(m.Text, "invalid ownership metadata"):
		owned(r, rejected, m)
		return true
	case resized(r, rejected, m):
		return true
	case rejected.Problem == apierror.ProblemImmutable:
		immutable(r, rejected, m)
		return true
	case rejected.Problem == apierror.ProblemInvalid && strings.HasPrefix(rejected.Object.Name, recordPrefix):
		return false // the record of the release, not an object of the chart
	case rejected.Problem == apierror.ProblemInvalid:
		if !replaced(r, rejected, m) {
			wrongValues(r, []helm.ValueError{{Field: refusedField(rejected), Detail: rejected.Detail}}, parsed, m)
		}
		return true
	}
	findings, blame := refusal.ExplainAPIError(r.X, object.RefOf(r.Obj), m.Text, r.Result.Verdict.Since)
	for i := range findings {
		f := &findings[i]
		for j, e := range f.Evidence {
			if e.Field == "message" && e.Ref.Same(object.RefOf(r.Obj)) {
				f.Evidence[j] = m.Proof
			}
		}
		chartFixes(r, f, parsed, rejected)
		f.Fixes = append(f.Fixes, retry(r))
	}
	r.Result.Findings = append(r.Result.Findings, findings...)
	r.Result.Blame = append(r.Result.Blame, blame...)
	return len(findings)+len(blame) > 0
}

// refusedField is the refused field; an invalid quantity is refused without its field
// (k8s.io/apimachinery v0.36, resource.ErrFormatWrong).
func refusedField(refusal apierror.Error) string {
	if refusal.Field == "" && strings.Contains(refusal.Detail, "quantities must match the regular expression") {
		return "resources"
	}
	return cmp.Or(refusal.Field, "a field")
}

// replaced reports an object that the API server does not allow to be replaced although
// the release requests it: without force, it would be patched.
func replaced(r flux.Release, refusal apierror.Error, m flux.Statement) bool {
	if !strings.Contains(m.Text, "failed to replace object: ") || !object.Bool(r.Obj.Object, "spec", "upgrade", "force") {
		return false
	}
	obj := objectOf(r, refusal.Object)
	f := releaseFinding(r, engine.CodeReleaseField, m.Reason, fmt.Sprintf("%s replaces %s instead of changing it, which the API server refuses: %s", object.RefOf(r.Obj), obj, refusal.Detail))
	f.Evidence = engine.WithProof([]finding.Evidence{m.Proof}, append(f.Evidence, engine.Evidence(r.Obj, "spec.upgrade.force", "true", time.Time{}))...)
	f.Fixes = []finding.Fix{{Text: "Remove spec.upgrade.force", File: r.X.DefinedIn(r.Obj)}, retry(r)}
	r.Result.Findings = append(r.Result.Findings, f)
	return true
}

// chartFixes are the fixes for a kind that the cluster does not serve, if the object is in
// the chart and not in a file of the layer.
func chartFixes(r flux.Release, f *finding.Finding, parsed helm.Failure, refusal apierror.Error) {
	kind := refusal.Unserved
	switch f.Code {
	case engine.CodeVersionGone:
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Use a version of chart %s that has %s at a version that is served", chartName(r), kind.Kind),
			Command: showChart(r, "chart"), File: r.X.DefinedIn(r.Obj)}}
	case engine.CodeKindMissing:
		definer, ok := flux.CRDOwner(r.X, kind.Group)
		skipped, path := skipsDefinitions(r, parsed.Action)
		if flux.IsCustomGroup(kind.Group) && skipped && ok && definer.Same(object.RefOf(r.Obj)) {
			f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Set %s: CreateReplace, so that Flux applies the chart's own definitions", path), File: r.X.DefinedIn(r.Obj)}}
			if value := object.Text(r.Obj.Object, strings.Split(path, ".")...); value != "" {
				f.Evidence = engine.WithProof(f.Evidence, engine.Evidence(r.Obj, path, value, time.Time{}))
			}
		}
	}
}

// skipsDefinitions reports whether Flux skips the definitions in the crds folder of the
// chart: by default only in an upgrade (helm-controller api v2, Install.CRDs and
// Upgrade.CRDs).
func skipsDefinitions(r flux.Release, action string) (skips bool, path string) {
	path = "spec.install.crds"
	if action == "upgrade" {
		path = "spec.upgrade.crds"
	}
	policy := object.Text(r.Obj.Object, strings.Split(path, ".")...)
	return policy == "Skip" || policy == "" && action == "upgrade", path
}

// storedManifest reports a manifest in the record of Helm that has objects at versions
// which the API server no longer serves: the chart itself may be correct.
func storedManifest(r flux.Release, m flux.Statement) bool {
	rejected, ok := r.X.Message(m.Text).APIError()
	if !ok || rejected.Problem != apierror.ProblemNoMatch {
		return false
	}
	gone := schema.GroupVersionKind{Group: rejected.Unserved.Group, Version: rejected.Unserved.Version, Kind: rejected.Unserved.Kind}
	served := refusal.ServedVersions(r.X, gone.GroupKind())
	if slices.Contains(served, gone.Version) || flux.IsCustomGroup(gone.Group) && len(served) == 0 {
		return false // it is served again, or the whole definition is missing
	}
	f := releaseFinding(r, engine.CodeStoredManifest, m.Reason, fmt.Sprintf("the manifest that Helm has stored of %s has %s at %s, which the cluster no longer serves: Helm cannot compare it with the new manifest",
		object.RefOf(r.Obj), gone.Kind, gone.GroupVersion()))
	f.Evidence = engine.WithProof([]finding.Evidence{m.Proof}, f.Evidence...)
	if good, ok := deployed(r, 0); ok {
		f.Evidence = engine.WithProof(f.Evidence, good.proof())
	}
	tool := "Map the stored manifest to served versions with the Helm plugin mapkubeapis; it writes a new revision and keeps the old one; check a dry run first"
	command := escape.Command("helm mapkubeapis %s --namespace %s --dry-run", cmp.Or(helmName(r), r.Obj.GetName()), storage(r))
	if flux.IsCustomGroup(gone.Group) {
		tool = fmt.Sprintf("Map the stored manifest to %s with the Helm plugin mapkubeapis and your own map file; it writes a new revision and keeps the old one; check a dry run first",
			schema.GroupVersion{Group: gone.Group, Version: served[len(served)-1]})
		command += " --mapfile map.yaml"
	}
	f.Fixes = []finding.Fix{{Text: tool, Command: command}, retry(r)}
	r.Result.Findings = append(r.Result.Findings, f)
	return true
}

func helmName(r flux.Release) string {
	name, _ := flux.ReleaseName(r.Obj)
	return name
}

// helmVersions are the versions of kinds that are frequent in charts; the messages of
// Helm about existing objects only have the kind.
var helmVersions = map[string]string{
	"Service": "v1", "ConfigMap": "v1", "Secret": "v1", "ServiceAccount": "v1", "PersistentVolumeClaim": "v1", "Namespace": "v1",
	"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1", "CronJob": "batch/v1",
	"Role": "rbac.authorization.k8s.io/v1", "RoleBinding": "rbac.authorization.k8s.io/v1",
	"ClusterRole": "rbac.authorization.k8s.io/v1", "ClusterRoleBinding": "rbac.authorization.k8s.io/v1",
	"Ingress": "networking.k8s.io/v1", "NetworkPolicy": "networking.k8s.io/v1", "PodDisruptionBudget": "policy/v1",
	"HorizontalPodAutoscaler": "autoscaling/v2", "PriorityClass": "scheduling.k8s.io/v1", "StorageClass": "storage.k8s.io/v1",
	"CustomResourceDefinition":       "apiextensions.k8s.io/v1",
	"ValidatingWebhookConfiguration": "admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration": "admissionregistration.k8s.io/v1",
}

// objectOf is the object that a message of Helm names; its namespace is that of the
// release if the message omits it and the kind has one.
func objectOf(r flux.Release, named match.Object) object.Ref {
	ref := object.Ref{APIVersion: helmVersions[named.Kind], Kind: named.Kind, Namespace: named.Namespace, Name: named.Name}
	if named.Group != "" {
		ref.APIVersion = named.Group + "/" + cmp.Or(named.Version, "v1")
	}
	if ref.Namespace == "" && r.X.Snap.Lookup(ref).Presence != snapshot.Present {
		inside := ref
		inside.Namespace = r.Target()
		if r.X.Snap.Lookup(inside).Presence == snapshot.Present || namespacedKinds[named.Kind] {
			return inside
		}
	}
	return ref
}

var namespacedKinds = map[string]bool{
	"Service": true, "ConfigMap": true, "Secret": true, "ServiceAccount": true, "PersistentVolumeClaim": true, "Deployment": true,
	"StatefulSet": true, "DaemonSet": true, "Job": true, "CronJob": true, "Role": true, "RoleBinding": true, "Ingress": true,
	"NetworkPolicy": true, "PodDisruptionBudget": true, "HorizontalPodAutoscaler": true,
}

// immutable reports a change of the chart or its values that Kubernetes does not allow
// for an existing object. The release has to change; creating the object again comes
// last, and only if it loses no data.
func immutable(r flux.Release, refusal apierror.Error, m flux.Statement) {
	obj := objectOf(r, refusal.Object)
	what := cmp.Or(refusal.Field, "a field")
	if obj.Kind == object.StatefulSetKind.Kind && what == "spec" {
		what = "a field of the spec"
	}
	f := releaseFinding(r, engine.CodeReleaseField, m.Reason, fmt.Sprintf("%s changes %s of %s, which cannot be changed: %s", object.RefOf(r.Obj), what, obj, refusal.Detail))
	f.Evidence = engine.WithProof([]finding.Evidence{m.Proof}, f.Evidence...)
	if live := r.X.Snap.Lookup(obj).Object; live != nil && refusal.Field != "" && refusal.Field != "spec" {
		if value, ok := deepField(live.Object, refusal.Field); ok {
			f.Evidence = engine.WithProof(f.Evidence, engine.Evidence(live, refusal.Field, value, time.Time{}))
		}
	}
	f.Fixes = []finding.Fix{
		{Text: "Revert the value in spec.values, or the chart version, that changes it; compare it with what is deployed", Command: helmCommand(r, "get manifest"), File: r.X.DefinedIn(r.Obj)},
		retry(r),
	}
	if again, ok := recreate(obj); ok {
		f.Fixes = append(f.Fixes, again)
	}
	r.Result.Findings = append(r.Result.Findings, f)
}

// deepField reads a field of an object as evidence quotes it.
func deepField(obj map[string]any, path string) (string, bool) {
	steps := strings.Split(strings.TrimPrefix(path, "."), ".")
	at, value := deepest(obj, steps)
	if len(at) < len(steps) {
		return "", false
	}
	return quoted(value)
}

// recreate is how to create an object again without loss of data. A claim or a volume
// is never created again.
func recreate(obj object.Ref) (finding.Fix, bool) {
	if obj.Namespace == "" {
		return finding.Fix{}, false
	}
	switch obj.Kind {
	case object.StatefulSetKind.Kind:
		return finding.Fix{Text: "Only if the change must stay: delete the StatefulSet alone, and let Flux create it again; its pods and PersistentVolumeClaims are kept",
			Command: escape.Command("kubectl delete statefulset %s -n %s --cascade=orphan", obj.Name, obj.Namespace)}, true
	case object.DeploymentKind.Kind:
		return finding.Fix{Text: "Only if the change must stay: delete the Deployment, and let Flux create it again; its pods stop until then",
			Command: escape.Command("kubectl delete deployment %s -n %s", obj.Name, obj.Namespace)}, true
	case object.JobKind.Kind:
		return finding.Fix{Text: "Only if the change must stay: delete the Job, and let Flux create it again; its pods and their logs are lost, and it runs once more",
			Command: escape.Command("kubectl delete job %s -n %s", obj.Name, obj.Namespace)}, true
	}
	return finding.Fix{}, false
}

// resized reports a release that changes the size of a claim in a way that is not
// allowed.
func resized(r flux.Release, rejected apierror.Error, m flux.Statement) bool {
	resize, ok := refusal.ResizeRefused(func() object.Ref { return objectOf(r, rejected.Object) }, rejected)
	if !ok {
		return false
	}
	what, proof, fixes := refusal.ResizeAdvice(r.X, resize)
	f := releaseFinding(r, engine.CodeReleaseField, m.Reason, fmt.Sprintf("%s changes the size of %s, which %s", object.RefOf(r.Obj), resize.Claim, what))
	f.Evidence = engine.WithProof(append([]finding.Evidence{m.Proof}, proof...), f.Evidence...)
	f.Fixes = append(fixes, retry(r))
	f.Fixes[0].File = r.X.DefinedIn(r.Obj)
	r.Result.Findings = append(r.Result.Findings, f)
	return true
}
