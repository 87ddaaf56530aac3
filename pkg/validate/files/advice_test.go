package files

import (
	"fmt"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/transfer"
)

func TestAdvise(t *testing.T) {
	answered := func(code uint16) error {
		return fmt.Errorf("C-STORE: %w", &dicom.StatusError{Operation: "C-STORE", Status: dicom.Status{Code: code}})
	}
	of := func(why error) transfer.Failure { return transfer.Failure{Study: "1.2.3", Why: why} }
	const again = "; then run the command again: with --resume, only the missing files are sent"
	full, bad := of(answered(0xA700)), of(answered(0xC000))
	for _, c := range []struct {
		about  string
		failed []transfer.Failure
		stored int
		want   []string // in this order
	}{
		{"none", nil, 1, nil},
		{"interrupted", []transfer.Failure{of(transfer.ErrInterrupted)}, 1, nil},
		{"a full peer", []transfer.Failure{full, full}, 0, []string{"storage and database have free space", again}},
		{"a file that the peer can't take", []transfer.Failure{full}, 7, []string{"Check the file first", again}},
		{"a file without a study", []transfer.Failure{{Study: "", Why: answered(0xA700)}}, 7, []string{"Correct the file, which has no Study Instance UID", again}},
		{"two kinds", []transfer.Failure{full, bad, bad}, 0, []string{"2 files: Check the file with", "1 file: Check Orthanc's log", again}},
		{"it changed", []transfer.Failure{of(transfer.ErrChanged)}, 1, []string{"no other program is writing to", again}},
		{"rejected", []transfer.Failure{of(fmt.Errorf("no association: %w", &dicom.RejectError{Result: 1, Source: 1, Reason: 3}))}, 0, []string{"add SCANNER to its DicomModalities", again}},
	} {
		got := advise(transfer.Result{Failures: c.failed, Calling: "SCANNER", Stored: c.stored})
		rest := got
		for _, want := range c.want {
			at := strings.Index(rest, want)
			if at < 0 {
				t.Errorf("%s: %q, want %q in it", c.about, got, want)
				break
			}
			rest = rest[at+len(want):]
		}
		if rest != "" || len(c.want) == 0 && got != "" {
			t.Errorf("%s: %q", c.about, got)
		}
	}
}
