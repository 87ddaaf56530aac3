package dicom

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/octets"
	"github.com/digihunch/kubectl-orthweb/internal/reliability"
)

// TestMutated changes answers of peers at random, and checks the invariants of FuzzPDU.
func TestMutated(t *testing.T) {
	session := octets.Parse(t, goldenAC+goldenEchoRSP+goldenStoreRSP+"06 00 00000004 00000000")
	row := reliability.Row{Tried: "what a DICOM peer answers, changed at random", Promise: "no panic, no hang, bounded buffers; no failure is treated as success"}
	random := rand.New(rand.NewPCG(1, uint64(len(session))))
	for i := range 1000 {
		row.Times++
		if t.Run(fmt.Sprint(i), func(t *testing.T) { holdSession(t, reliability.Mutate(random, session)) }) {
			row.Held++
		}
	}
	reliability.Report(t, "dicom", []reliability.Row{row})
}
