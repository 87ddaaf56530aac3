package diagnose

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// noMatch reports a kind that the API server does not serve, or not in that version.
func (r apiRefusal) noMatch() ([]finding.Finding, []finding.Ref) {
	kind := schema.GroupVersionKind{Group: r.parsed.Unserved.Group, Version: r.parsed.Unserved.Version, Kind: r.parsed.Unserved.Kind}
	served := r.x.servedVersions(kind.GroupKind())
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

// servedVersions are the versions in which a kind is known to be served: those in which
// it was read, and those in its CustomResourceDefinition.
func (x *examiner) servedVersions(kind schema.GroupKind) []string {
	var found []string
	for _, asked := range x.snap.Asked() {
		if asked.GroupKind() == kind && asked.Failure == nil && asked.Version != "" {
			found = append(found, asked.Version)
		}
	}
	for _, definition := range x.snap.List(definitionKind, "").Objects {
		if field.Text(definition.Object, "spec", "group") != kind.Group || field.Text(definition.Object, "spec", "names", "kind") != kind.Kind {
			continue
		}
		for _, version := range field.List(definition.Object, "spec", "versions") {
			if field.Bool(version, "served") {
				found = append(found, field.Text(version, "name"))
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// servedProof quotes the versions in the CustomResourceDefinition of a kind.
func (x *examiner) servedProof(kind schema.GroupKind) []finding.Evidence {
	var found []finding.Evidence
	for _, definition := range x.snap.List(definitionKind, "").Objects {
		if field.Text(definition.Object, "spec", "group") != kind.Group || field.Text(definition.Object, "spec", "names", "kind") != kind.Kind {
			continue
		}
		for _, version := range field.List(definition.Object, "spec", "versions") {
			served := strconv.FormatBool(field.Bool(version, "served"))
			found = append(found, evidence(definition, "spec.versions["+field.Text(version, "name")+"].served", served, time.Time{}))
		}
	}
	return found
}

// missingKind is evidence that a CustomResourceDefinition does not exist, if that is
// known.
func (x *examiner) missingKind(definition finding.Ref) []finding.Evidence {
	if x.snap.Lookup(definition).Presence != snapshot.Absent {
		return nil
	}
	return []finding.Evidence{{Ref: definition, Field: "object", Value: "does not exist"}}
}

// versionGone reports the layer or release that still uses the old version: the object
// itself, if it exists, has another version and is healthy.
func (r apiRefusal) versionGone(kind schema.GroupVersionKind, served []string) finding.Finding {
	asked := kind.GroupVersion().String()
	now := schema.GroupVersion{Group: kind.Group, Version: served[len(served)-1]}.String()
	what := kind.Kind
	if r.parsed.Object.Name != "" {
		what = strings.TrimPrefix(kind.Kind+" "+r.parsed.Object.Namespace+"/"+r.parsed.Object.Name, "/")
	}
	return finding.Finding{
		Code: codeVersionGone, Ref: r.obj, Reason: "VersionNotServed", Severity: finding.Critical, Since: r.at,
		Message:  fmt.Sprintf("%s contains %s with apiVersion %s, which is not served; %s is served", r.obj, what, asked, now),
		Evidence: append(r.proof(), r.x.servedProof(kind.GroupKind())...),
		Fixes: []finding.Fix{{Text: fmt.Sprintf("Write apiVersion: %s instead of %s", now, asked), File: r.file(),
			Command: "kubectl explain " + escape.ShellWord(strings.ToLower(kind.Kind)) + " --api-version=" + escape.ShellWord(now)}},
	}
}

// definitionOf is the CustomResourceDefinition of a kind. Its plural is guessed as
// kubectl does.
func definitionOf(kind schema.GroupVersionKind) finding.Ref {
	return finding.Ref{APIVersion: definitionKind.Group + "/v1", Kind: definitionKind.Kind, Name: finding.PluralOf(kind.Kind) + "." + kind.Group}
}

func (r apiRefusal) kindMissing(kind schema.GroupVersionKind) ([]finding.Finding, []finding.Ref) {
	f := finding.Finding{
		Code: codeKindMissing, Ref: definitionOf(kind), Reason: "NoMatch", Severity: finding.Critical, Since: r.at,
		Message:  fmt.Sprintf("%s requires kind %s, which the cluster does not serve: %s is not installed", r.obj, kind.Kind, definitionOf(kind)),
		Evidence: append(r.proof(), r.x.missingKind(definitionOf(kind))...),
	}
	fix := finding.Fix{Text: "Install the software that defines " + kind.Kind + " first, or remove the object", File: r.file(), Command: "kubectl get crd " + escape.ShellWord(f.Ref.Name)}
	if !isCustomGroup(kind.Group) { // misspelt, or gone from Kubernetes
		f.Ref, f.Message = r.obj, fmt.Sprintf("%s requires kind %s in %s, which the cluster does not serve", r.obj, kind.Kind, kind.GroupVersion())
		fix = finding.Fix{Text: "Correct the object's kind and apiVersion", File: r.file(), Command: "kubectl api-resources"}
		f.Fixes = []finding.Fix{fix}
		return single(f)
	}
	owner, ok := r.x.crdOwner(kind.Group)
	if !ok || owner.Same(r.obj) {
		f.Fixes = []finding.Fix{fix}
		return single(f)
	}
	verdict := r.x.health.Of(owner)
	if obj := r.x.snap.Lookup(owner).Object; obj != nil {
		f.Evidence = append(f.Evidence, proofOrAge(obj, field.ConditionOf(obj, "Ready"))...)
	}
	fix.Text = fmt.Sprintf("Have %s install it, or remove the object", owner)
	f.Fixes = []finding.Fix{fix}
	if verdict.Status == health.Ready {
		f.Message += fmt.Sprintf("; %s should install it, but has not", owner)
		return single(f)
	}
	f.Message += fmt.Sprintf("; %s installs it, but is not ready", owner)
	return []finding.Finding{f}, []finding.Ref{owner}
}

// definitionsLeaving are the CustomResourceDefinitions of the rejected object's kind that
// are being deleted.
func (r apiRefusal) definitionsLeaving() (found []finding.Ref) {
	kind := r.parsed.Object
	for _, definition := range r.x.snap.List(definitionKind, "").Objects {
		if definition.GetDeletionTimestamp() == nil || field.Text(definition.Object, "spec", "names", "kind") != kind.Kind {
			continue
		}
		if kind.Group == "" || kind.Group == field.Text(definition.Object, "spec", "group") {
			found = append(found, finding.RefOf(definition))
		}
	}
	return found
}
