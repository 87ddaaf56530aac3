package diagnose

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// inOtherNamespace finds an object of the same kind and name in another namespace. If
// there are two, they prove nothing.
func (x *examiner) inOtherNamespace(ref finding.Ref) (finding.Ref, bool) {
	return x.inOtherNamespaceOf(x.tenantOf(ref.Namespace), ref)
}

// inOtherNamespaceOf is like inOtherNamespace for the owning tenant, or for none: an
// object of another tenant with the same name does not count.
func (x *examiner) inOtherNamespaceOf(owner string, ref finding.Ref) (finding.Ref, bool) {
	var found []finding.Ref
	for _, obj := range x.snap.List(ref.GroupKind(), "").Objects {
		other := x.tenantOf(obj.GetNamespace())
		if obj.GetName() == ref.Name && obj.GetNamespace() != ref.Namespace && (owner == "" || other == "" || owner == other) {
			found = append(found, finding.RefOf(obj))
		}
	}
	if len(found) != 1 {
		return finding.Ref{}, false
	}
	return found[0], true
}

// nearest finds the object of the kind whose name is most similar to the missing one,
// if any is similar.
func (x *examiner) nearest(ref finding.Ref) (finding.Ref, bool) {
	best, least := finding.Ref{}, max(2, len(ref.Name)/3)+1
	for _, obj := range x.snap.List(ref.GroupKind(), "").Objects {
		if ref.Namespace != "" && obj.GetNamespace() != ref.Namespace {
			continue
		}
		if d := distance(ref.Name, obj.GetName()); d < least {
			best, least = finding.RefOf(obj), d
		}
	}
	return best, best.Name != ""
}

// distance is the Levenshtein distance: the number of letters to add, remove or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// definedIn is the folder of the GitOps tree that contains an object: the path of the
// Kustomization that applied it.
func (x *examiner) definedIn(obj *unstructured.Unstructured) string {
	if answer := x.snap.Lookup(health.AppliedBy(obj)); answer.Object != nil {
		return strings.TrimPrefix(field.Text(answer.Object.Object, "spec", "path"), "./")
	}
	return ""
}

// cycleOf are the members of the shortest dependency cycle of ref, in the order in
// which they wait for each other, starting with the first in sort order. A greedy
// search would fail if cycles share members.
func (x *examiner) cycleOf(ref finding.Ref) []finding.Ref {
	paths := [][]finding.Ref{{ref}}
	seen := map[finding.Key]bool{ref.Key(): true}
	for i := 0; i < len(paths); i++ {
		path := paths[i]
		for _, dep := range x.health.Of(path[len(path)-1]).WaitsFor {
			if dep.Same(ref) {
				return rotate(path)
			}
			if !seen[dep.Key()] && x.health.Of(dep).Reason == health.DependencyCycle {
				seen[dep.Key()] = true
				paths = append(paths, append(path[:len(path):len(path)], dep))
			}
		}
	}
	return []finding.Ref{ref}
}

// rotate starts a cycle with its first member in sort order, so that the result is the
// same for every member.
func rotate(refs []finding.Ref) []finding.Ref {
	least := 0
	for i, ref := range refs {
		if ref.Compare(refs[least]) < 0 {
			least = i
		}
	}
	return append(append([]finding.Ref{}, refs[least:]...), refs[:least]...)
}
