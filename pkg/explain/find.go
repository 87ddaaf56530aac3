package explain

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/similar"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// findObject finds the object that KIND/NAME names: the kind by its name, plural or short
// name, with or without a group, among the kinds that a live cluster serves or that a
// recorded one has. Without a namespace it searches all namespaces, and the name must
// exist in only one.
func (q *query) findObject(snap *snapshot.Snapshot, arg string) (object.Ref, error) {
	word, name, _ := strings.Cut(arg, "/")
	if word == "" || name == "" || strings.Contains(name, "/") {
		return object.Ref{}, advice.Add(fmt.Errorf("%q is not KIND/NAME", arg), "Specify a tenant, or KIND/NAME, for example ks/bhs-application; specify the namespace with -n.")
	}
	kinds := recordedKinds(snap, word)
	if q.kinds != nil {
		kinds = q.served(word)
	}
	if len(kinds) == 0 {
		return object.Ref{}, advice.Add(unknownKindError(word), "Specify a tenant, or KIND/NAME, for example ks/bhs-application.")
	}
	namespace := q.Namespace
	var found []object.Ref
	var unread []snapshot.Failure
	for _, gk := range kinds {
		for _, in := range searched(namespace) {
			listing := snap.Named(gk, in, name)
			unread = append(unread, listing.Unknown...)
			for _, obj := range listing.Objects {
				ref := object.RefOf(obj)
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
		return object.Ref{}, advice.Add(fmt.Errorf("%s can be one of %d kinds", arg, len(kinds)), "Specify one with its group: %s.%s/%s, %s.%s/%s, …",
			strings.ToLower(found[0].Kind), found[0].GroupKind().Group, name, strings.ToLower(found[1].Kind), found[1].GroupKind().Group, name)
	case len(found) > 1:
		return object.Ref{}, advice.Add(fmt.Errorf("%s exists in %d namespaces", arg, len(found)), "Specify one with -n: %s.", firstNamespaces(found))
	case len(unread) > 0 && q.kinds == nil:
		return object.Ref{}, advice.Add(fmt.Errorf("%s is not in the recording, and objects that are not in it may exist", arg),
			"Record it, too, or add --assume-complete if all objects were recorded.")
	case len(unread) > 0:
		return object.Ref{}, advice.Add(fmt.Errorf("looking for %s: %s", arg, unread[0]), "Request this permission, or specify a namespace that you can read with -n.")
	}
	return object.Ref{}, q.noObject(snap, kinds[0], name, arg)
}

// subjectOf is the object itself, or for an event the object that it is about, if that
// exists: an event has no state.
func subjectOf(snap *snapshot.Snapshot, ref object.Ref) object.Ref {
	if ref.Kind != object.EventKind.Kind {
		return ref
	}
	event := snap.Lookup(ref).Object
	if event == nil {
		return ref
	}
	subject := object.Regarding(event.Object)
	if subject.Kind != "" && subject.Name != "" && snap.Lookup(subject).Presence == snapshot.Present {
		return subject
	}
	return ref
}

// maxNamespaces is how many namespaces an error names.
const maxNamespaces = 5

// firstNamespaces lists the namespaces of objects, only the first ones if there are many.
func firstNamespaces(refs []object.Ref) string {
	var names []string
	for _, ref := range refs[:min(len(refs), maxNamespaces)] {
		names = append(names, ref.Namespace)
	}
	if len(refs) > maxNamespaces {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// noObject is the error of an object that does not exist. For a recorded cluster, it names
// the namespaces in which the object exists, or the most similar name; for a live one, the
// command that searches for it.
func (q *query) noObject(snap *snapshot.Snapshot, gk schema.GroupKind, name, arg string) error {
	err := fmt.Errorf("%w: %s", errNoObject, arg)
	namespace := q.Namespace
	if namespace != "" {
		err = fmt.Errorf("%w in namespace %s", err, namespace)
	}
	if q.kinds != nil {
		return advice.Add(err, "Search for it: kubectl get %s -A.", object.PluralOf(gk.Kind))
	}
	var same []object.Ref
	var names []string
	for _, obj := range snap.List(gk, "").Objects {
		ref := object.RefOf(obj)
		if ref.Name == name {
			same = append(same, ref)
		}
		if namespace == "" || ref.Namespace == namespace {
			names = append(names, ref.Name)
		}
	}
	if len(same) > 0 {
		return advice.Add(err, "It exists in: %s.", firstNamespaces(same))
	}
	if near := similar.Nearest(name, names); near != "" {
		return advice.Add(err, "Did you mean %s?", near)
	}
	return advice.Add(err, "%s", heldNames(names))
}

// heldNames lists the objects of a kind that a recording has instead.
func heldNames(names []string) string {
	slices.Sort(names)
	names = slices.Compact(names)
	switch {
	case len(names) == 0:
		return "The recording has no object of this kind in this namespace."
	case len(names) > maxNamespaces:
		return fmt.Sprintf("Objects of this kind in the recording: %s, …", strings.Join(names[:maxNamespaces], ", "))
	}
	return fmt.Sprintf("Objects of this kind in the recording: %s.", strings.Join(names, ", "))
}

// served are the kinds that a word names in a live cluster, by the short names of its
// discovery if it has them.
func (q *query) served(word string) []schema.GroupKind {
	kinds := q.kinds(word)
	if len(kinds) > 0 {
		return kinds
	}
	name, group := collect.SplitKind(word)
	for _, plural := range shortNames[name] {
		kinds = append(kinds, q.kinds(strings.TrimSuffix(plural+"."+group, "."))...)
	}
	return kinds
}

// searched are the namespaces in which an object is searched: that of -n, and "" for
// objects without a namespace.
func searched(namespace string) []string {
	if namespace == "" {
		return []string{""}
	}
	return []string{namespace}
}

// recordedKinds are the kinds that a word names, among those that explainers know and
// those of a recorded cluster.
func recordedKinds(snap *snapshot.Snapshot, word string) []schema.GroupKind {
	name, group := collect.SplitKind(word)
	meant := append(shortNames[name], recordedShortNames(snap, name)...)
	var found []schema.GroupKind
	add := func(gk schema.GroupKind, resource string) {
		singular := strings.ToLower(gk.Kind)
		is := slices.Contains([]string{singular, resource, singular + "s"}, name) || slices.Contains(meant, resource)
		if is && collect.MatchesGroup(group, gk.Group) && !slices.Contains(found, gk) {
			found = append(found, gk)
		}
	}
	for _, gk := range diagnose.Kinds() {
		add(gk, object.PluralOf(gk.Kind))
	}
	for _, request := range snap.Requests() {
		add(request.GroupKind(), request.Resource)
	}
	return found
}

var definitionKind = schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}

// recordedShortNames are the plurals of the kinds that have the short name in the
// definitions of a recorded cluster.
func recordedShortNames(snap *snapshot.Snapshot, short string) []string {
	var found []string
	for _, obj := range snap.List(definitionKind, "").Objects {
		if names := object.Map(obj.Object, "spec", "names"); slices.Contains(object.Texts(names, "shortNames"), short) {
			found = append(found, object.Text(names, "plural"))
		}
	}
	return found
}

var errNoObject = errors.New("no such object")

// unknownKindError is the error of a word that names no kind.
type unknownKindError string

func (e unknownKindError) Error() string { return fmt.Sprintf("unknown kind %q", string(e)) }

// NoObject reports whether the error of an Answer is that of an object that the cluster does not have:
// another one may have it.
func NoObject(err error) bool {
	var unknown unknownKindError
	return errors.Is(err, errNoObject) || errors.As(err, &unknown)
}
