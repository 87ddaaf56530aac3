package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// The metadata by which Helm knows its objects (helm.sh/helm/v4 4.2.4,
// pkg/action/validate.go).
const (
	releaseNameKey      = "meta.helm.sh/release-name"
	releaseNamespaceKey = "meta.helm.sh/release-namespace"
	managedByKey        = "app.kubernetes.io/managed-by"
)

// owned reports an object of the chart that already exists and belongs to another
// release, or to none.
func (r release) owned(refusal fluxmsg.APIError, m statement) {
	says, _ := r.x.message(m.text).Ownership()
	object := r.objectOf(refusal.Object)
	f := r.finding(codeReleaseOwner, m.reason, "")
	f.Evidence = withProof([]finding.Evidence{m.proof}, f.Evidence...)
	name, namespace, manager := says.Name, says.Namespace, says.Manager
	if live := r.x.snap.Lookup(object).Object; live != nil {
		name, namespace = live.GetAnnotations()[releaseNameKey], live.GetAnnotations()[releaseNamespaceKey]
		manager = live.GetLabels()[managedByKey]
		f.Evidence = withProof(f.Evidence, ownerProofs(live)...)
	}
	own, target := releaseName(r.obj)
	other := r.x.releaseNamed(cmp.Or(name, own), cmp.Or(namespace, target))
	switch {
	case other != nil && !finding.RefOf(other).Same(finding.RefOf(r.obj)):
		f.Message = fmt.Sprintf("%s has %s, which belongs to %s", f.Ref, object, finding.RefOf(other))
		f.Fixes = []finding.Fix{
			{Text: fmt.Sprintf("Give the object another name by spec.values of %s (many charts have fullnameOverride), or install the releases in different namespaces", f.Ref), File: r.x.definedIn(r.obj)},
			{Text: fmt.Sprintf("If %s should own it, remove it from %s first", f.Ref.Short(), finding.RefOf(other)), File: r.x.definedIn(other)},
		}
	case name != "" && (name != own || namespace != "" && namespace != target):
		namespace = cmp.Or(namespace, target)
		f.Message = fmt.Sprintf("%s has %s, which belongs to Helm release %s in namespace %s, for which no HelmRelease exists", f.Ref, object, name, namespace)
		f.Fixes = []finding.Fix{
			{Text: "Check whether that release is still in use", Command: escape.Command("helm status %s -n %s", name, namespace)},
			r.adopt(object, "If it is not, let "+f.Ref.Short()+" adopt the object"),
		}
	default:
		f.Message = fmt.Sprintf("%s has %s, which already exists and belongs to no Helm release", f.Ref, object)
		if manager != "" && manager != "Helm" {
			f.Message += "; it is managed by " + manager
		}
		f.Fixes = []finding.Fix{
			r.adopt(object, "If the release should own it, let Helm adopt it; Helm then changes it to what the chart defines"+dataLossWarning(object)),
			{Text: "Or give the object of the chart another name by spec.values (many charts have fullnameOverride)", File: r.x.definedIn(r.obj)},
		}
		r.appliedElsewhere(object, &f)
	}
	r.takesOver(&f, other)
	if dataLossWarning(object) != "" { // taking over what holds data comes last
		slices.SortStableFunc(f.Fixes, func(a, b finding.Fix) int {
			return boolRank(strings.HasPrefix(a.Command, "kubectl annotate")) - boolRank(strings.HasPrefix(b.Command, "kubectl annotate"))
		})
	}
	f.Fixes = append(f.Fixes, r.retry())
	r.exam.findings = append(r.exam.findings, f)
}

// dataLossWarning warns that Helm deletes an adopted object and its data together with the
// release, for example when Flux uninstalls a release whose installation failed.
func dataLossWarning(object finding.Ref) string {
	switch object.GroupKind() {
	case claimKind, volumeKind, health.NamespaceKind, definitionKind, secretKind:
		return "; first annotate it with helm.sh/resource-policy: keep, or it is deleted with its data when the release is uninstalled"
	}
	return ""
}

// ownerProofs quote what the object itself has about its owner.
func ownerProofs(live *unstructured.Unstructured) (proofs []finding.Evidence) {
	for _, key := range []string{releaseNameKey, releaseNamespaceKey} {
		if value := live.GetAnnotations()[key]; value != "" {
			proofs = append(proofs, evidence(live, "metadata.annotations["+key+"]", value, time.Time{}))
		}
	}
	if value := live.GetLabels()[managedByKey]; value != "" && value != "Helm" {
		proofs = append(proofs, evidence(live, "metadata.labels["+managedByKey+"]", value, time.Time{}))
	}
	return proofs
}

// releaseNamed is the HelmRelease of a Helm release, nil if there is none.
func (x *examiner) releaseNamed(name, namespace string) *unstructured.Unstructured {
	for _, release := range x.snap.List(health.HelmReleaseKind, "").Objects {
		if own, target := releaseName(release); own == name && target == namespace {
			return release
		}
	}
	return nil
}

// adopt is the command that marks an object as owned by the release. It changes nothing
// else about the object.
func (r release) adopt(object finding.Ref, text string) finding.Fix {
	name, namespace := releaseName(r.obj)
	what := escape.Shell(escape.Command("%s %s", strings.ToLower(object.Kind), object.Name))
	if object.Namespace != "" {
		what += escape.Shell(escape.Command(" -n %s", object.Namespace))
	}
	return finding.Fix{Text: text, Command: escape.Command("kubectl annotate %s %s=%s %s=%s --overwrite && kubectl label %s %s=Helm --overwrite",
		what, releaseNameKey, name, releaseNamespaceKey, namespace, what, managedByKey)}
}

// appliedElsewhere names the layer that applies the object and would undo the adoption.
func (r release) appliedElsewhere(object finding.Ref, f *finding.Finding) {
	live := r.x.snap.Lookup(object).Object
	if live == nil {
		return
	}
	layer := health.AppliedBy(live)
	if layer.Name == "" {
		return
	}
	f.Message += fmt.Sprintf("; %s applies it", layer)
	f.Fixes[0] = finding.Fix{Text: fmt.Sprintf("Let only one of the two create it: remove it from %s, or disable it in spec.values", layer), File: r.x.definedIn(live)}
}

// takesOver adds a fix if the release disables what Flux does by default: adopt
// existing objects.
func (r release) takesOver(f *finding.Finding, other *unstructured.Unstructured) {
	for _, path := range []string{"spec.install.disableTakeOwnership", "spec.upgrade.disableTakeOwnership"} {
		if field.Bool(r.obj.Object, strings.Split(path, ".")...) {
			f.Evidence = withProof(f.Evidence, evidence(r.obj, path, "true", time.Time{}))
			if other == nil || finding.RefOf(other).Same(finding.RefOf(r.obj)) {
				f.Fixes = append(f.Fixes, finding.Fix{Text: "Or remove " + path + ", so that Flux adopts what exists", File: r.x.definedIn(r.obj)})
			}
			return
		}
	}
}
