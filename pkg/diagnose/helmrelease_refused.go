package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// refused reports what the API server, or Helm on its behalf, refused of the release.
func (r release) refused(parsed fluxmsg.Helm, m statement) bool {
	refusal, ok := r.x.message(m.text).APIError()
	switch {
	case !ok || refusal.Problem == fluxmsg.APITimeout || refusal.Problem == fluxmsg.APIOther:
		return false
	case refusal.Problem == fluxmsg.APIExists && strings.Contains(m.text, "invalid ownership metadata"):
		r.owned(refusal, m)
		return true
	case r.resized(refusal, m):
		return true
	case refusal.Problem == fluxmsg.APIImmutable:
		r.immutable(refusal, m)
		return true
	case refusal.Problem == fluxmsg.APIInvalid && strings.HasPrefix(refusal.Object.Name, recordPrefix):
		return false // the record of the release, not an object of the chart
	case refusal.Problem == fluxmsg.APIInvalid:
		if !r.replaced(refusal, m) {
			r.wrongValues([]fluxmsg.HelmValueError{{Field: refusedField(refusal), Detail: refusal.Detail}}, parsed, m)
		}
		return true
	}
	findings, blame := r.x.explainAPIError(finding.RefOf(r.obj), m.text, r.exam.verdict.Since)
	for i := range findings {
		f := &findings[i]
		for j, e := range f.Evidence {
			if e.Field == "message" && e.Ref.Same(finding.RefOf(r.obj)) {
				f.Evidence[j] = m.proof
			}
		}
		r.chartFixes(f, parsed, refusal)
		f.Fixes = append(f.Fixes, r.retry())
	}
	r.exam.findings = append(r.exam.findings, findings...)
	r.exam.blame = append(r.exam.blame, blame...)
	return len(findings)+len(blame) > 0
}

// refusedField is the refused field; an invalid quantity is refused without its field
// (k8s.io/apimachinery v0.36, resource.ErrFormatWrong).
func refusedField(refusal fluxmsg.APIError) string {
	if refusal.Field == "" && strings.Contains(refusal.Detail, "quantities must match the regular expression") {
		return "resources"
	}
	return cmp.Or(refusal.Field, "a field")
}

// replaced reports an object that the API server does not allow to be replaced although
// the release requests it: without force, it would be patched.
func (r release) replaced(refusal fluxmsg.APIError, m statement) bool {
	if !strings.Contains(m.text, "failed to replace object: ") || !field.Bool(r.obj.Object, "spec", "upgrade", "force") {
		return false
	}
	object := r.objectOf(refusal.Object)
	f := r.finding(codeReleaseField, m.reason, fmt.Sprintf("%s replaces %s instead of changing it, which the API server refuses: %s", finding.RefOf(r.obj), object, refusal.Detail))
	f.Evidence = withProof([]finding.Evidence{m.proof}, append(f.Evidence, evidence(r.obj, "spec.upgrade.force", "true", time.Time{}))...)
	f.Fixes = []finding.Fix{{Text: "Remove spec.upgrade.force", File: r.x.definedIn(r.obj)}, r.retry()}
	r.exam.findings = append(r.exam.findings, f)
	return true
}

// chartFixes are the fixes for a kind that the cluster does not know, if the object is
// in the chart and not in a file of the layer.
func (r release) chartFixes(f *finding.Finding, parsed fluxmsg.Helm, refusal fluxmsg.APIError) {
	kind := refusal.Unserved
	switch f.Code {
	case codeVersionGone:
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Use a version of chart %s that has %s at a version that is served", r.chartName(), kind.Kind),
			Command: r.showChart("chart"), File: r.x.definedIn(r.obj)}}
	case codeKindMissing:
		definer, ok := r.x.crdOwner(kind.Group)
		skipped, path := r.skipsDefinitions(parsed.Action)
		if isCustomGroup(kind.Group) && skipped && ok && definer.Same(finding.RefOf(r.obj)) {
			f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Set %s: CreateReplace, so that Flux applies the chart's own definitions", path), File: r.x.definedIn(r.obj)}}
			if value := field.Text(r.obj.Object, strings.Split(path, ".")...); value != "" {
				f.Evidence = withProof(f.Evidence, evidence(r.obj, path, value, time.Time{}))
			}
		}
	}
}

// skipsDefinitions reports whether Flux skips the definitions in the crds folder of the
// chart: by default only in an upgrade (helm-controller api v2, Install.CRDs and
// Upgrade.CRDs).
func (r release) skipsDefinitions(action string) (skips bool, path string) {
	path = "spec.install.crds"
	if action == "upgrade" {
		path = "spec.upgrade.crds"
	}
	policy := field.Text(r.obj.Object, strings.Split(path, ".")...)
	return policy == "Skip" || policy == "" && action == "upgrade", path
}

// storedManifest reports a manifest in the record of Helm that has objects at versions
// which the API server no longer serves: the chart itself may be correct.
func (r release) storedManifest(m statement) bool {
	refusal, ok := r.x.message(m.text).APIError()
	if !ok || refusal.Problem != fluxmsg.APINoMatch {
		return false
	}
	gone := schema.GroupVersionKind{Group: refusal.Unserved.Group, Version: refusal.Unserved.Version, Kind: refusal.Unserved.Kind}
	served := r.x.servedVersions(gone.GroupKind())
	if slices.Contains(served, gone.Version) || isCustomGroup(gone.Group) && len(served) == 0 {
		return false // it is back, or the whole definition is missing
	}
	f := r.finding(codeStoredManifest, m.reason, fmt.Sprintf("the manifest that Helm has stored of %s has %s at %s, which the cluster no longer serves: Helm cannot compare it with the new manifest",
		finding.RefOf(r.obj), gone.Kind, gone.GroupVersion()))
	f.Evidence = withProof([]finding.Evidence{m.proof}, f.Evidence...)
	if good, ok := r.deployed(0); ok {
		f.Evidence = withProof(f.Evidence, good.proof())
	}
	tool := "Map the stored manifest to served versions with the Helm plugin mapkubeapis; it writes a new revision and keeps the old one; check a dry run first"
	command := escape.Command("helm mapkubeapis %s --namespace %s --dry-run", cmp.Or(r.helmName(), r.obj.GetName()), r.storage())
	if isCustomGroup(gone.Group) {
		tool = fmt.Sprintf("Map the stored manifest to %s with the Helm plugin mapkubeapis and your own map file; it writes a new revision and keeps the old one; check a dry run first",
			schema.GroupVersion{Group: gone.Group, Version: served[len(served)-1]})
		command += " --mapfile map.yaml"
	}
	f.Fixes = []finding.Fix{{Text: tool, Command: command}, r.retry()}
	r.exam.findings = append(r.exam.findings, f)
	return true
}

func (r release) helmName() string {
	name, _ := releaseName(r.obj)
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
func (r release) objectOf(named fluxmsg.Object) finding.Ref {
	ref := finding.Ref{APIVersion: helmVersions[named.Kind], Kind: named.Kind, Namespace: named.Namespace, Name: named.Name}
	if named.Group != "" {
		ref.APIVersion = named.Group + "/" + cmp.Or(named.Version, "v1")
	}
	if ref.Namespace == "" && r.x.snap.Lookup(ref).Presence != snapshot.Present {
		inside := ref
		inside.Namespace = r.target()
		if r.x.snap.Lookup(inside).Presence == snapshot.Present || namespacedKinds[named.Kind] {
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
func (r release) immutable(refusal fluxmsg.APIError, m statement) {
	object := r.objectOf(refusal.Object)
	what := cmp.Or(refusal.Field, "a field")
	if object.Kind == health.StatefulSetKind.Kind && what == "spec" {
		what = "a field of the spec"
	}
	f := r.finding(codeReleaseField, m.reason, fmt.Sprintf("%s changes %s of %s, which cannot be changed: %s", finding.RefOf(r.obj), what, object, refusal.Detail))
	f.Evidence = withProof([]finding.Evidence{m.proof}, f.Evidence...)
	if live := r.x.snap.Lookup(object).Object; live != nil && refusal.Field != "" && refusal.Field != "spec" {
		if value, ok := deepField(live.Object, refusal.Field); ok {
			f.Evidence = withProof(f.Evidence, evidence(live, refusal.Field, value, time.Time{}))
		}
	}
	f.Fixes = []finding.Fix{
		{Text: "Revert the value in spec.values, or the chart version, that changes it; compare it with what is deployed", Command: r.helmCommand("get manifest"), File: r.x.definedIn(r.obj)},
		r.retry(),
	}
	if again, ok := recreate(object); ok {
		f.Fixes = append(f.Fixes, again)
	}
	r.exam.findings = append(r.exam.findings, f)
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
func recreate(object finding.Ref) (finding.Fix, bool) {
	if object.Namespace == "" {
		return finding.Fix{}, false
	}
	switch object.Kind {
	case health.StatefulSetKind.Kind:
		return finding.Fix{Text: "Only if the change must stay: delete the StatefulSet alone, and let Flux create it again; its pods and PersistentVolumeClaims are kept",
			Command: escape.Command("kubectl delete statefulset %s -n %s --cascade=orphan", object.Name, object.Namespace)}, true
	case health.DeploymentKind.Kind:
		return finding.Fix{Text: "Only if the change must stay: delete the Deployment, and let Flux create it again; its pods stop until then",
			Command: escape.Command("kubectl delete deployment %s -n %s", object.Name, object.Namespace)}, true
	case jobKind.Kind:
		return finding.Fix{Text: "Only if the change must stay: delete the Job, and let Flux create it again; its pods and their logs are lost, and it runs once more",
			Command: escape.Command("kubectl delete job %s -n %s", object.Name, object.Namespace)}, true
	}
	return finding.Fix{}, false
}
