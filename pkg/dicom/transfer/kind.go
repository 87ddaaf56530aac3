package transfer

import (
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// kind is what a presentation context is for.
type kind struct{ sopClass, transferSyntax string }

// maxContexts is how many presentation contexts an association has: odd ids of
// one byte (PS3.8 table 9-13).
const maxContexts = 128

// remember moves a kind to the end of the recent kinds. No more are kept than one
// association can have.
func remember(recent []kind, k kind) []kind {
	if n := len(recent); n > 0 && recent[n-1] == k {
		return recent
	}
	recent = slices.DeleteFunc(recent, func(other kind) bool { return other == k })
	if len(recent) == maxContexts {
		recent = slices.Delete(recent, 0, 1)
	}
	return append(recent, k)
}

// propose returns the presentation contexts for as many of the kinds as one association can
// have, the first kinds first, and these kinds.
func propose(kinds []kind) ([]dicom.Proposal, map[kind]bool) {
	var metas []part10.Meta
	var contexts []dicom.Proposal
	proposed := map[kind]bool{}
	for _, k := range kinds {
		more := append(metas, part10.Meta{SOPClass: k.sopClass, TransferSyntax: k.transferSyntax})
		if c := dicom.Propose(more...); len(c) <= maxContexts {
			metas, contexts = more, c
			proposed[k] = true
		}
	}
	return contexts, proposed
}

// kinds are the kinds to propose: those that wait, the first file's first, and those
// seen before.
func (q *queue) kinds() []kind {
	q.mu.Lock()
	defer q.mu.Unlock()
	var list []kind
	for _, waiting := range q.files {
		if k := waiting.kind(); !slices.Contains(list, k) {
			list = append(list, k)
		}
	}
	for _, k := range slices.Backward(q.recent) {
		if !slices.Contains(list, k) {
			list = append(list, k)
		}
	}
	return list
}
