package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// served checks that the cluster serves a kind in a version; any version if it is empty. The
// fix is for a cluster that does not.
func served(kind schema.GroupKind, version string, fix finding.Fix) func(*cluster) Check {
	return func(c *cluster) Check { return c.served(kind, version, fix) }
}

// definitionRef is the CustomResourceDefinition of a kind.
func definitionRef(kind schema.GroupKind) object.Ref {
	return object.Ref{APIVersion: object.DefinitionKind.Group + "/v1", Kind: object.DefinitionKind.Kind, Name: object.PluralOf(kind.Kind) + "." + kind.Group}
}

// served reads the kind's CustomResourceDefinition. If that could not be read, it uses the
// version that the API server prefers, which discovery returned for a list of the kind.
func (c *cluster) served(kind schema.GroupKind, version string, fix finding.Fix) Check {
	ref := definitionRef(kind)
	answer := c.Snap.Lookup(ref)
	if answer.Presence == snapshot.Present {
		return servedBy(answer.Object, version, fix)
	}
	if preferred, failure, ok := c.discovered(kind); ok {
		switch {
		case failure != nil:
			return fail(fix, "%s is not installed: %s", ref.Name, failure)
		case version == "" || preferred == version:
			return pass("%s is served", preferred)
		case answer.Presence == snapshot.Unknown:
			result := unreadCheck(*answer.Failure, object.DefinitionKind)
			result.Message = fmt.Sprintf("the API server prefers %s; whether it also serves %s is not known: %s", preferred, version, result.Message)
			return result
		}
	}
	if answer.Presence == snapshot.Unknown {
		return unreadCheck(*answer.Failure, object.DefinitionKind)
	}
	return fail(fix, "%s is not installed", ref.Name)
}

// discovered is the version in which a kind was listed, or the failure of a kind that is not
// served; ok is false if the snapshot has neither.
func (c *cluster) discovered(kind schema.GroupKind) (version string, notServed *snapshot.Failure, ok bool) {
	for _, request := range c.Snap.Requests() {
		switch {
		case request.GroupKind() != kind:
		case request.Failure == nil && request.Version != "":
			return request.Version, nil, true
		case request.Failure != nil && request.Failure.Reason == snapshot.NotServed:
			notServed = request.Failure
		}
	}
	return "", notServed, notServed != nil
}

// servedBy checks a CustomResourceDefinition.
func servedBy(definition *unstructured.Unstructured, version string, fix finding.Fix) Check {
	if established := object.ConditionOf(definition, "Established"); !established.Is("True") {
		return fail(finding.Fix{Text: "Check the conditions of the CustomResourceDefinition", Command: describe(definition)},
			"%s is installed, but not established: %s", definition.GetName(), cmp.Or(established.Message, "it has no condition yet"))
	}
	var versions []string
	for _, v := range object.List(definition.Object, "spec", "versions") {
		if object.Bool(v, "served") {
			versions = append(versions, object.Text(v, "name"))
		}
	}
	if len(versions) == 0 || version != "" && !slices.Contains(versions, version) {
		return fail(fix, "%s is served as %s, not as %s", definition.GetName(), cmp.Or(names(versions), "no version"), cmp.Or(version, "any version"))
	}
	if version != "" {
		return pass("%s is served", version)
	}
	return pass("%s is served", names(versions))
}

// storedVersions checks that the CustomResourceDefinitions of groups that end in the suffix
// have no objects left in an old version. The API server rejects a definition without a
// version that is in status.storedVersions, so that the upgrade that removes it fails
// (kubernetes v1.36, apiextensions-apiserver, validation of storedVersions).
func storedVersions(c *cluster, suffix string, fix finding.Fix) Check {
	definitions, unread := c.list(object.DefinitionKind)
	if unread != nil {
		return *unread
	}
	var old []string
	checked := 0
	for _, definition := range definitions {
		if !strings.HasSuffix(object.Text(definition.Object, "spec", "group"), suffix) {
			continue
		}
		checked++
		for _, version := range object.Texts(definition.Object, "status", "storedVersions") {
			if version != storageVersion(definition) {
				old = append(old, definition.GetName()+" "+version)
			}
		}
	}
	switch {
	case checked == 0:
		return Check{} // the check of each kind reports it
	case len(old) > 0:
		return warn(fix, "objects may be stored in old versions, which blocks the upgrade that removes these: %s", names(old))
	}
	return pass("%s store their objects in the current version", finding.Count(checked, "CustomResourceDefinition"))
}

// storageVersion is the version in which new objects are stored.
func storageVersion(definition *unstructured.Unstructured) string {
	for _, v := range object.List(definition.Object, "spec", "versions") {
		if object.Bool(v, "storage") {
			return object.Text(v, "name")
		}
	}
	return ""
}
