package dicom

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/reliability"
)

// TestMutated changes what peers answer, and files, at random, and holds them to what
// the fuzz targets do.
func TestMutated(t *testing.T) {
	session := Octets(t, goldenAC+goldenEchoRSP+goldenStoreRSP+"06 00 00000004 00000000")
	file := SomeFile().File[:400]
	var rows []reliability.Row
	for _, m := range []struct {
		about, promise string
		data           []byte
		hold           func(*testing.T, []byte)
	}{
		{"what a DICOM peer answers, changed at random", "no panic, no hang, bounded buffers; no failure is treated as success", session, holdSession},
		{"a DICOM file, changed at random", "no panic, no hang; read alike with and without seeking", file, holdPart10},
	} {
		row := reliability.Row{Tried: m.about, Promise: m.promise}
		random := rand.New(rand.NewPCG(1, uint64(len(m.data))))
		for i := range 1000 {
			row.Times++
			if t.Run(fmt.Sprintf("%s/%d", m.about, i), func(t *testing.T) { m.hold(t, reliability.Mutate(random, m.data)) }) {
				row.Held++
			}
		}
		rows = append(rows, row)
	}
	reliability.Report(t, "dicom", rows)
}
