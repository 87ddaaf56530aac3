package dicom

import (
	"cmp"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// Propose returns the presentation contexts for storing such instances, and for C-ECHO: one
// for each SOP class and transfer syntax, so that a peer can't choose a transfer syntax
// that the file doesn't have. Each SOP class is proposed in the default transfer syntax as
// well, as PS3.5 section 10.1 requires. The order is fixed, Verification first. There may
// be more than the 128 that one association takes.
func Propose(instances ...part10.Meta) []Proposal {
	proposals := []Proposal{{part10.Verification, []string{part10.ImplicitVRLittleEndian}}}
	for _, m := range instances {
		proposals = append(proposals,
			Proposal{m.SOPClass, []string{m.TransferSyntax}},
			Proposal{m.SOPClass, []string{part10.ImplicitVRLittleEndian}})
	}
	order := func(a, b Proposal) int {
		return cmp.Or(cmp.Compare(a.AbstractSyntax, b.AbstractSyntax),
			cmp.Compare(a.TransferSyntaxes[0], b.TransferSyntaxes[0]))
	}
	slices.SortFunc(proposals[1:], order)
	return slices.CompactFunc(proposals, func(a, b Proposal) bool { return order(a, b) == 0 })
}
