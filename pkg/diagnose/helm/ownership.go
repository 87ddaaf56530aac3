package helm

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
)

// The metadata by which Helm identifies its objects (helm.sh/helm/v4 4.2.4,
// pkg/action/validate.go).
const (
	releaseNameKey      = "meta.helm.sh/release-name"
	releaseNamespaceKey = "meta.helm.sh/release-namespace"
	managedByKey        = "app.kubernetes.io/managed-by"
)

// owned reports an object of the chart that already exists and belongs to another
// release, or to none.
func owned(r flux.Release, refusal apierror.Error, m flux.Statement) {
	parsed, _ := r.X.Message(m.Text).Ownership()
	obj := objectOf(r, refusal.Object)
	f := releaseFinding(r, engine.CodeReleaseOwner, m.Reason, "")
	f.Evidence = engine.WithProof([]finding.Evidence{m.Proof}, f.Evidence...)
	name, namespace, manager := parsed.Name, parsed.Namespace, parsed.Manager
	if live := r.X.Snap.Lookup(obj).Object; live != nil {
		name, namespace = live.GetAnnotations()[releaseNameKey], live.GetAnnotations()[releaseNamespaceKey]
		manager = live.GetLabels()[managedByKey]
		f.Evidence = engine.WithProof(f.Evidence, ownerProofs(live)...)
	}
	own, target := flux.ReleaseName(r.Obj)
	other := releaseNamed(r.X, cmp.Or(name, own), cmp.Or(namespace, target))
	switch {
	case other != nil && !object.RefOf(other).Same(object.RefOf(r.Obj)):
		f.Message = fmt.Sprintf("%s has %s, which belongs to %s", f.Ref, obj, object.RefOf(other))
		f.Fixes = []finding.Fix{
			{Text: fmt.Sprintf("Rename the object in spec.values of %s (many charts have fullnameOverride), or install the releases in different namespaces", f.Ref), File: r.X.DefinedIn(r.Obj)},
			{Text: fmt.Sprintf("If %s should own it, remove it from %s first", f.Ref.Short(), object.RefOf(other)), File: r.X.DefinedIn(other)},
		}
	case name != "" && (name != own || namespace != "" && namespace != target):
		namespace = cmp.Or(namespace, target)
		f.Message = fmt.Sprintf("%s has %s, which belongs to Helm release %s in namespace %s, for which no HelmRelease exists", f.Ref, obj, name, namespace)
		f.Fixes = []finding.Fix{
			{Text: "Check whether that release is still in use", Command: escape.Command("helm status %s -n %s", name, namespace)},
			adopt(r, obj, "If it is not, let "+f.Ref.Short()+" adopt the object"),
		}
	default:
		f.Message = fmt.Sprintf("%s has %s, which already exists and belongs to no Helm release", f.Ref, obj)
		if manager != "" && manager != "Helm" {
			f.Message += "; it is managed by " + manager
		}
		f.Fixes = []finding.Fix{
			adopt(r, obj, "If the release should own it, let Helm adopt it; Helm then changes it to what the chart defines"+dataLossWarning(obj)),
			{Text: "Or rename the chart's object in spec.values (many charts have fullnameOverride)", File: r.X.DefinedIn(r.Obj)},
		}
		appliedElsewhere(r, obj, &f)
	}
	takesOver(r, &f, other)
	if dataLossWarning(obj) != "" { // adopting an object with data comes last
		slices.SortStableFunc(f.Fixes, func(a, b finding.Fix) int {
			return engine.BoolRank(strings.HasPrefix(a.Command, "kubectl annotate")) - engine.BoolRank(strings.HasPrefix(b.Command, "kubectl annotate"))
		})
	}
	f.Fixes = append(f.Fixes, retry(r))
	r.Result.Findings = append(r.Result.Findings, f)
}

// dataLossWarning warns that Helm deletes an adopted object and its data together with the
// release, for example when Flux uninstalls a release whose installation failed.
func dataLossWarning(obj object.Ref) string {
	switch obj.GroupKind() {
	case object.ClaimKind, object.VolumeKind, object.NamespaceKind, object.DefinitionKind, object.SecretKind:
		return "; first annotate it with helm.sh/resource-policy: keep, or it is deleted with its data when the release is uninstalled"
	}
	return ""
}

// ownerProofs quote what the object itself has about its owner.
func ownerProofs(live *unstructured.Unstructured) (proofs []finding.Evidence) {
	for _, key := range []string{releaseNameKey, releaseNamespaceKey} {
		if value := live.GetAnnotations()[key]; value != "" {
			proofs = append(proofs, engine.Evidence(live, "metadata.annotations["+key+"]", value, time.Time{}))
		}
	}
	if value := live.GetLabels()[managedByKey]; value != "" && value != "Helm" {
		proofs = append(proofs, engine.Evidence(live, "metadata.labels["+managedByKey+"]", value, time.Time{}))
	}
	return proofs
}

// releaseNamed is the HelmRelease of a Helm release, nil if there is none.
func releaseNamed(x *engine.Context, name, namespace string) *unstructured.Unstructured {
	for _, release := range x.Snap.List(object.HelmReleaseKind, "").Objects {
		if own, target := flux.ReleaseName(release); own == name && target == namespace {
			return release
		}
	}
	return nil
}

// adopt is the command that marks an object as owned by the release. It changes nothing
// else about the object.
func adopt(r flux.Release, object object.Ref, text string) finding.Fix {
	name, namespace := flux.ReleaseName(r.Obj)
	what := escape.Shell(escape.Command("%s %s", strings.ToLower(object.Kind), object.Name))
	if object.Namespace != "" {
		what += escape.Shell(escape.Command(" -n %s", object.Namespace))
	}
	return finding.Fix{Text: text, Command: escape.Command("kubectl annotate %s %s=%s %s=%s --overwrite && kubectl label %s %s=Helm --overwrite",
		what, releaseNameKey, name, releaseNamespaceKey, namespace, what, managedByKey)}
}

// appliedElsewhere names the layer that applies the object and would undo the adoption.
func appliedElsewhere(r flux.Release, object object.Ref, f *finding.Finding) {
	live := r.X.Snap.Lookup(object).Object
	if live == nil {
		return
	}
	layer := health.AppliedBy(live)
	if layer.Name == "" {
		return
	}
	f.Message += fmt.Sprintf("; %s applies it", layer)
	f.Fixes[0] = finding.Fix{Text: fmt.Sprintf("Let only one of the two create it: remove it from %s, or disable it in spec.values", layer), File: r.X.DefinedIn(live)}
}

// takesOver adds a fix if the release disables what Flux does by default: adopt
// existing objects.
func takesOver(r flux.Release, f *finding.Finding, other *unstructured.Unstructured) {
	for _, path := range []string{"spec.install.disableTakeOwnership", "spec.upgrade.disableTakeOwnership"} {
		if object.Bool(r.Obj.Object, strings.Split(path, ".")...) {
			f.Evidence = engine.WithProof(f.Evidence, engine.Evidence(r.Obj, path, "true", time.Time{}))
			if other == nil || object.RefOf(other).Same(object.RefOf(r.Obj)) {
				f.Fixes = append(f.Fixes, finding.Fix{Text: "Or remove " + path + ", so that Flux adopts what exists", File: r.X.DefinedIn(r.Obj)})
			}
			return
		}
	}
}
