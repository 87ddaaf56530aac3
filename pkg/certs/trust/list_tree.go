package trust

import (
	"cmp"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
)

// tree orders the entries so that each follows the one that signed it, and sets its depth.
// Entries that sign each other in a cycle, which no working cluster has, come last.
func (l *listing) tree() []Entry {
	slices.SortStableFunc(l.found, compareSiblings)
	parents := make([]int, len(l.found))
	for i := range l.found {
		parents[i] = l.parent(i)
	}
	var ordered []Entry
	placed := make([]bool, len(l.found))
	var place func(i, depth int)
	place = func(i, depth int) {
		if placed[i] {
			return
		}
		placed[i] = true
		l.found[i].Depth = depth
		ordered = append(ordered, l.found[i])
		for child, parent := range parents {
			if parent == i {
				place(child, depth+1)
			}
		}
	}
	for i, parent := range parents {
		if parent < 0 {
			place(i, 0)
		}
	}
	for i := range l.found {
		place(i, 0)
	}
	return ordered
}

// compareSiblings orders entries of the same depth: CAs first, then by name.
func compareSiblings(a, b Entry) int {
	rank := func(e Entry) int {
		if e.IsCA {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Ref.Name, b.Ref.Name), a.Ref.Compare(b.Ref))
}

// parent is the entry whose key signed this one: by its issuer, or for a Secret without a
// Certificate, by the signature. It is -1 if there is none.
func (l *listing) parent(of int) int {
	e := l.found[of]
	secret, signed := l.signsWith(e.Issuer)
	for i, other := range l.found {
		switch {
		case i == of:
		case signed && other.Secret.Same(secret):
			return i
		case e.Issuer.Name == "" && other.IsCA && len(e.Stored) > 0 && len(other.Stored) > 0 && certs.SignedBy(e.Stored[0], other.Stored[0]):
			return i
		}
	}
	return -1
}
