package refusal

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// noMatch reports a kind that the API server does not serve, or not in that version.
func (r Refusal) noMatch() ([]finding.Finding, []object.Ref) {
	kind := schema.GroupVersionKind{Group: r.Parsed.Unserved.Group, Version: r.Parsed.Unserved.Version, Kind: r.Parsed.Unserved.Kind}
	served := ServedVersions(r.X, kind.GroupKind())
	switch {
	case slices.Contains(served, kind.Version):
		return nil, nil // it is served now
	case len(served) > 0 && kind.Version != "":
		return single(r.versionGone(kind, served))
	case len(served) > 0:
		return nil, nil
	}
	return r.kindMissing(kind)
}

// ServedVersions are the versions in which a kind is known to be served: those in which
// it was read, and those in its CustomResourceDefinition.
func ServedVersions(x *engine.Context, kind schema.GroupKind) []string {
	var found []string
	for _, requested := range x.Snap.Requests() {
		if requested.GroupKind() == kind && requested.Failure == nil && requested.Version != "" {
			found = append(found, requested.Version)
		}
	}
	for _, definition := range x.Snap.List(object.DefinitionKind, "").Objects {
		if object.Text(definition.Object, "spec", "group") != kind.Group || object.Text(definition.Object, "spec", "names", "kind") != kind.Kind {
			continue
		}
		for _, version := range object.List(definition.Object, "spec", "versions") {
			if object.Bool(version, "served") {
				found = append(found, object.Text(version, "name"))
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// servedProof quotes the versions in the CustomResourceDefinition of a kind.
func servedProof(x *engine.Context, kind schema.GroupKind) []finding.Evidence {
	var found []finding.Evidence
	for _, definition := range x.Snap.List(object.DefinitionKind, "").Objects {
		if object.Text(definition.Object, "spec", "group") != kind.Group || object.Text(definition.Object, "spec", "names", "kind") != kind.Kind {
			continue
		}
		for _, version := range object.List(definition.Object, "spec", "versions") {
			served := strconv.FormatBool(object.Bool(version, "served"))
			found = append(found, engine.Evidence(definition, "spec.versions["+object.Text(version, "name")+"].served", served, time.Time{}))
		}
	}
	return found
}

// missingKind is evidence that a CustomResourceDefinition does not exist, if that is
// known.
func missingKind(x *engine.Context, definition object.Ref) []finding.Evidence {
	if x.Snap.Lookup(definition).Presence != snapshot.Absent {
		return nil
	}
	return []finding.Evidence{{Ref: definition, Field: "object", Value: "does not exist"}}
}

// versionGone reports the layer or release that still uses the old version: the object
// itself, if it exists, has another version and is healthy.
func (r Refusal) versionGone(kind schema.GroupVersionKind, served []string) finding.Finding {
	requested := kind.GroupVersion().String()
	now := schema.GroupVersion{Group: kind.Group, Version: served[len(served)-1]}.String()
	what := kind.Kind
	if r.Parsed.Object.Name != "" {
		what = strings.TrimPrefix(kind.Kind+" "+r.Parsed.Object.Namespace+"/"+r.Parsed.Object.Name, "/")
	}
	return finding.Finding{
		Code: engine.CodeVersionGone, Ref: r.Obj, Reason: "VersionNotServed", Severity: finding.Critical, Since: r.at,
		Message:  fmt.Sprintf("%s contains %s with apiVersion %s, which is not served; %s is served", r.Obj, what, requested, now),
		Evidence: append(r.proof(), servedProof(r.X, kind.GroupKind())...),
		Fixes: []finding.Fix{{Text: fmt.Sprintf("Write apiVersion: %s instead of %s", now, requested), File: r.file(),
			Command: "kubectl explain " + escape.ShellWord(strings.ToLower(kind.Kind)) + " --api-version=" + escape.ShellWord(now)}},
	}
}

// definitionOf is the CustomResourceDefinition of a kind. Its plural is guessed as
// kubectl does.
func definitionOf(kind schema.GroupVersionKind) object.Ref {
	return object.Ref{APIVersion: object.DefinitionKind.Group + "/v1", Kind: object.DefinitionKind.Kind, Name: object.PluralOf(kind.Kind) + "." + kind.Group}
}

func (r Refusal) kindMissing(kind schema.GroupVersionKind) ([]finding.Finding, []object.Ref) {
	f := finding.Finding{
		Code: engine.CodeKindMissing, Ref: definitionOf(kind), Reason: "NoMatch", Severity: finding.Critical, Since: r.at,
		Message:  fmt.Sprintf("%s requires kind %s, which the cluster does not serve: %s is not installed", r.Obj, kind.Kind, definitionOf(kind)),
		Evidence: append(r.proof(), missingKind(r.X, definitionOf(kind))...),
	}
	fix := finding.Fix{Text: "Install the software that defines " + kind.Kind + " first, or remove the object", File: r.file(), Command: "kubectl get crd " + escape.ShellWord(f.Ref.Name)}
	if !flux.IsCustomGroup(kind.Group) { // misspelled, or removed from Kubernetes
		f.Ref, f.Message = r.Obj, fmt.Sprintf("%s requires kind %s in %s, which the cluster does not serve", r.Obj, kind.Kind, kind.GroupVersion())
		fix = finding.Fix{Text: "Correct the object's kind and apiVersion", File: r.file(), Command: "kubectl api-resources"}
		f.Fixes = []finding.Fix{fix}
		return single(f)
	}
	owner, ok := flux.CRDOwner(r.X, kind.Group)
	if !ok || owner.Same(r.Obj) {
		f.Fixes = []finding.Fix{fix}
		return single(f)
	}
	verdict := r.X.Health.Of(owner)
	if obj := r.X.Snap.Lookup(owner).Object; obj != nil {
		f.Evidence = append(f.Evidence, engine.ProofOrAge(obj, object.ConditionOf(obj, "Ready"))...)
	}
	fix.Text = fmt.Sprintf("Reconcile %s, which installs the kind, or remove the object from the manifests", owner)
	f.Fixes = []finding.Fix{fix}
	if verdict.Status == health.Ready {
		f.Message += fmt.Sprintf("; %s should install it, but has not", owner)
		return single(f)
	}
	f.Message += fmt.Sprintf("; %s installs it, but is not ready", owner)
	return []finding.Finding{f}, []object.Ref{owner}
}

// definitionsLeaving are the CustomResourceDefinitions of the rejected object's kind that
// are being deleted.
func (r Refusal) definitionsLeaving() (found []object.Ref) {
	kind := r.Parsed.Object
	for _, definition := range r.X.Snap.List(object.DefinitionKind, "").Objects {
		if definition.GetDeletionTimestamp() == nil || object.Text(definition.Object, "spec", "names", "kind") != kind.Kind {
			continue
		}
		if kind.Group == "" || kind.Group == object.Text(definition.Object, "spec", "group") {
			found = append(found, object.RefOf(definition))
		}
	}
	return found
}
