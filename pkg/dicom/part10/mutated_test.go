package part10

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/reliability"
)

// TestMutated changes a file at random, and checks the invariants of FuzzPart10.
func TestMutated(t *testing.T) {
	file := someFile().File[:400]
	row := reliability.Row{Tried: "a DICOM file, changed at random", Promise: "no panic, no hang; read alike with and without seeking"}
	random := rand.New(rand.NewPCG(1, uint64(len(file))))
	for i := range 1000 {
		row.Times++
		if t.Run(fmt.Sprint(i), func(t *testing.T) { holdPart10(t, reliability.Mutate(random, file)) }) {
			row.Held++
		}
	}
	reliability.Report(t, "part10", []reliability.Row{row})
}
