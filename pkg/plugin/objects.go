package plugin

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// findObject finds the object that KIND/NAME names: the kind by its name, plural
// or short name, with or without a group, of those that a live cluster serves or
// that a recorded one holds. Without a namespace all are searched, and the name
// must be in one alone.
func (o *explainOptions) findObject(snap *snapshot.Snapshot, arg string) (finding.Ref, error) {
	word, name, _ := strings.Cut(arg, "/")
	if word == "" || name == "" || strings.Contains(name, "/") {
		return finding.Ref{}, withHint(fmt.Errorf("%q is not KIND/NAME", arg), "Give a tenant, or KIND/NAME, for example ks/bhs-application; name the namespace with -n.")
	}
	kinds := recordedKinds(snap, word)
	if o.kinds != nil {
		kinds = o.served(word)
	}
	if len(kinds) == 0 {
		return finding.Ref{}, withHint(fmt.Errorf("unknown kind %q", word), "Give a tenant, or KIND/NAME, for example ks/bhs-application.")
	}
	namespace := o.facts.namespace()
	var found []finding.Ref
	var unread []snapshot.Failure
	for _, gk := range kinds {
		for _, in := range searched(namespace) {
			listing := snap.Named(gk, in, name)
			unread = append(unread, listing.Unknown...)
			for _, obj := range listing.Objects {
				ref := finding.RefOf(obj)
				inPlace := namespace == "" || ref.Namespace == "" || ref.Namespace == namespace
				if inPlace && !slices.ContainsFunc(found, ref.Same) {
					found = append(found, ref)
				}
			}
		}
	}
	switch {
	case len(found) == 1:
		return subjectOf(snap, found[0]), nil
	case len(found) > 1 && found[0].GroupKind() != found[1].GroupKind():
		return finding.Ref{}, withHint(fmt.Errorf("%s is of %d kinds", arg, len(kinds)), "Name one with its group: %s.%s/%s, %s.%s/%s, …",
			strings.ToLower(found[0].Kind), found[0].GroupKind().Group, name, strings.ToLower(found[1].Kind), found[1].GroupKind().Group, name)
	case len(found) > 1:
		return finding.Ref{}, withHint(fmt.Errorf("%s is in %d namespaces", arg, len(found)), "Name one with -n: %s.", firstNamespaces(found))
	case len(unread) > 0 && o.kinds == nil:
		return finding.Ref{}, withHint(fmt.Errorf("%s is not in what was recorded, and objects that are not in it may exist", arg),
			"Record it too, or add --assume-complete where all objects were recorded.")
	case len(unread) > 0:
		return finding.Ref{}, withHint(fmt.Errorf("looking for %s: %s", arg, unread[0]), "Ask for that right, or name a namespace that you may read with -n.")
	}
	return finding.Ref{}, o.noObject(snap, kinds[0], name, arg)
}

// subjectOf is the object itself, or of an event the object that it is about, where
// that exists: an event has no state of its own.
func subjectOf(snap *snapshot.Snapshot, ref finding.Ref) finding.Ref {
	if ref.Kind != health.EventKind.Kind {
		return ref
	}
	event := snap.Lookup(ref).Object
	if event == nil {
		return ref
	}
	for _, name := range []string{"involvedObject", "regarding"} { // core/v1, events.k8s.io/v1
		about := field.Map(event.Object, name)
		subject := finding.Ref{
			APIVersion: field.Text(about, "apiVersion"), Kind: field.Text(about, "kind"),
			Namespace: field.Text(about, "namespace"), Name: field.Text(about, "name"),
		}
		if subject.Kind != "" && subject.Name != "" && snap.Lookup(subject).Presence == snapshot.Present {
			return subject
		}
	}
	return ref
}

// maxNamespaces is how many namespaces an error names.
const maxNamespaces = 5

// firstNamespaces lists the namespaces of objects, the first ones where there are many.
func firstNamespaces(refs []finding.Ref) string {
	var names []string
	for _, ref := range refs[:min(len(refs), maxNamespaces)] {
		names = append(names, ref.Namespace)
	}
	if len(refs) > maxNamespaces {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// noObject is the error of an object that does not exist. Of a recorded cluster, it
// tells in which namespaces the object is, or which name is most similar; of a live
// one, how to look for it.
func (o *explainOptions) noObject(snap *snapshot.Snapshot, gk schema.GroupKind, name, arg string) error {
	err := fmt.Errorf("%w: %s", errNoObject, arg)
	namespace := o.facts.namespace()
	if namespace != "" {
		err = fmt.Errorf("%w in namespace %s", err, namespace)
	}
	if o.kinds != nil {
		return withHint(err, "Look for it: kubectl get %s -A.", finding.PluralOf(gk.Kind))
	}
	var same []finding.Ref
	var names []string
	for _, obj := range snap.List(gk, "").Objects {
		ref := finding.RefOf(obj)
		if ref.Name == name {
			same = append(same, ref)
		}
		if namespace == "" || ref.Namespace == namespace {
			names = append(names, ref.Name)
		}
	}
	if len(same) > 0 {
		return withHint(err, "It is in: %s.", firstNamespaces(same))
	}
	if near := nearest(name, names); near != "" {
		return withHint(err, "Did you mean %s?", near)
	}
	return withHint(err, "%s", heldNames(names))
}

// heldNames tells which objects of a kind a recording has instead.
func heldNames(names []string) string {
	slices.Sort(names)
	names = slices.Compact(names)
	switch {
	case len(names) == 0:
		return "The recording has no object of this kind there."
	case len(names) > maxNamespaces:
		return fmt.Sprintf("Of this kind, the recording has: %s, …", strings.Join(names[:maxNamespaces], ", "))
	}
	return fmt.Sprintf("Of this kind, the recording has: %s.", strings.Join(names, ", "))
}

// served are the kinds that a word means in a live cluster, whose discovery tells
// short names, unless the server is one that does not.
func (o *explainOptions) served(word string) []schema.GroupKind {
	kinds := o.kinds(word)
	if len(kinds) > 0 {
		return kinds
	}
	name, group := collect.SplitKind(word)
	for _, plural := range shortNames[name] {
		kinds = append(kinds, o.kinds(strings.TrimSuffix(plural+"."+group, "."))...)
	}
	return kinds
}

// searched are the namespaces in which an object is looked for: that of -n, and
// "", where objects are that have none.
func searched(namespace string) []string {
	if namespace == "" {
		return []string{""}
	}
	return []string{namespace}
}

// recordedKinds are the kinds that a word means, of those that explainers know
// and those of a recorded cluster.
func recordedKinds(snap *snapshot.Snapshot, word string) []schema.GroupKind {
	name, group := collect.SplitKind(word)
	meant := append(shortNames[name], recordedShortNames(snap, name)...)
	var found []schema.GroupKind
	add := func(gk schema.GroupKind, resource string) {
		singular := strings.ToLower(gk.Kind)
		is := slices.Contains([]string{singular, resource, singular + "s"}, name) || slices.Contains(meant, resource)
		if is && collect.GroupMeant(group, gk.Group) && !slices.Contains(found, gk) {
			found = append(found, gk)
		}
	}
	for _, gk := range diagnose.Kinds() {
		add(gk, finding.PluralOf(gk.Kind))
	}
	for _, asked := range snap.Asked() {
		add(asked.GroupKind(), asked.Resource)
	}
	return found
}

var definitionKind = schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}

// recordedShortNames are the plurals of the kinds to which the definitions in a
// recorded cluster give a short name.
func recordedShortNames(snap *snapshot.Snapshot, short string) []string {
	var found []string
	for _, obj := range snap.List(definitionKind, "").Objects {
		if names := field.Map(obj.Object, "spec", "names"); slices.Contains(field.Texts(names, "shortNames"), short) {
			found = append(found, field.Text(names, "plural"))
		}
	}
	return found
}
