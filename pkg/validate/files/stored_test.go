package files

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/transfer"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

func outcomes(n int) (list []transfer.Outcome) {
	for i := range n {
		list = append(list, transfer.Outcome{Path: fmt.Sprintf("/data/%d", i), Reason: "it is broken"})
	}
	return list
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		about   string
		result  transfer.Result
		err     error
		limit   int
		outcome check.Outcome
		code    finding.Code
		found   string
		details int
	}{
		{"all stored", transfer.Result{Stored: 5000, Bytes: 40 << 20, Took: 3 * time.Second}, nil, 20, check.Pass, "", "stored 5000 files, 40.0 MiB, in 3s", 0},
		{"all stored before", transfer.Result{Before: 7}, nil, 20, check.Pass, "", "stored 0 files, 0 B, in 0s; 7 stored before", 0},
		{"a warning", transfer.Result{Stored: 1, Warned: outcomes(1)}, nil, 20, check.Warn, check.CodeStoreWarning, "stored 1 file, 0 B, in 0s; 1 stored with warnings", 1},
		{"failures", transfer.Result{Stored: 1, Failed: outcomes(30)}, nil, 20, check.Fail, check.CodeStoreFailed, "stored 1 file, 0 B, in 0s; 30 failed", 21},
		{"failures, all of them", transfer.Result{Failed: outcomes(30), Skipped: outcomes(2)}, nil, 0, check.Fail, check.CodeStoreFailed, "stored 0 files, 0 B, in 0s; 30 failed; 2 skipped", 32},
		{"skipped", transfer.Result{Stored: 9, Skipped: outcomes(20)}, nil, 20, check.Fail, check.CodeUnsendable, "stored 9 files, 0 B, in 0s; 20 skipped", 20},
		{"a conflict", transfer.Result{Stored: 9, Conflicting: outcomes(1), Skipped: outcomes(2), NotDICOM: outcomes(1)}, nil, 20, check.Fail, check.CodeConflicting, "stored 9 files, 0 B, in 0s; 1 skipped because another file has the same SOP Instance UID; 2 skipped; 1 not DICOM and omitted", 4},
		{"convertible", transfer.Result{Stored: 9, Convertible: outcomes(2)}, nil, 20, check.Fail, check.CodeConvertible, "stored 9 files, 0 B, in 0s; 2 must be converted first", 2},
		{"remarks", transfer.Result{Stored: 9, Noted: outcomes(2), Copies: outcomes(1)}, nil, 20, check.Warn, check.CodeNotStandard, "stored 9 files, 0 B, in 0s; 2 not compliant with the standard; 1 omitted as a copy", 3},
		{"left out", transfer.Result{Stored: 9, NotDICOM: outcomes(30), Indexes: outcomes(1), Copies: outcomes(2)}, nil, 20, check.Warn, check.CodeLeftOut, "stored 9 files, 0 B, in 0s; 30 not DICOM and omitted; 1 omitted as an index (DICOMDIR); 2 omitted as a copy", 24},
		{"left out beside what was stored before", transfer.Result{Before: 9, Copies: outcomes(1)}, nil, 20, check.Warn, check.CodeLeftOut, "stored 0 files, 0 B, in 0s; 9 stored before; 1 omitted as a copy", 1},
		{"no image at all", transfer.Result{NotDICOM: outcomes(2)}, nil, 20, check.Fail, check.CodeUnsendable, "stored 0 files, 0 B, in 0s; 2 not DICOM and omitted", 2},
		{"nothing there", transfer.Result{}, nil, 20, check.Fail, check.CodeUnsendable, "stored 0 files, 0 B, in 0s", 0},
		{"ended early", transfer.Result{Stored: 2}, errors.New("the disk is full"), 20, check.Fail, check.CodeStoreFailed, "stored 2 files, 0 B, in 0s; the transfer ended before all files were sent: the disk is full", 0},
	} {
		t.Run(c.about, func(t *testing.T) {
			got := Stored(c.result, c.err, c.limit)
			if got.Outcome != c.outcome || got.Code != c.code || got.Found != c.found || len(got.Details) != c.details {
				t.Errorf("%+v", got)
			}
			if bad := c.outcome != check.Pass; (got.Expected != "") != bad || (got.Fix.Text != "") != bad {
				t.Errorf("expected %q, to do %q", got.Expected, got.Fix.Text)
			}
			if c.details == 21 && got.Details[20] != "and 10 more failed: -o wide and -o json list all" {
				t.Errorf("at last %q", got.Details[20])
			}
		})
	}
}

// TestExamplesArePrinted requires that this package prints the examples in docs/findings.md of
// the codes that only this package uses.
func TestExamplesArePrinted(t *testing.T) {
	text, err := os.ReadFile("../../../docs/findings.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code  finding.Code
		check check.Check
	}{
		{check.CodeUnsendable, Stored(transfer.Result{Stored: 12, Bytes: 6606029, Took: 1200 * time.Millisecond, Skipped: outcomes(1)}, nil, 0)},
		{check.CodeLeftOut, Stored(transfer.Result{Stored: 212, Bytes: 110415053, Took: 2100 * time.Millisecond, NotDICOM: outcomes(12), Indexes: outcomes(1)}, nil, 0)},
		{check.CodeConflicting, Stored(transfer.Result{Stored: 12, Bytes: 6606029, Took: 1200 * time.Millisecond, Conflicting: outcomes(1)}, nil, 0)},
		{check.CodeNotStandard, Stored(transfer.Result{Stored: 12, Bytes: 6606029, Took: 1200 * time.Millisecond, Noted: outcomes(12)}, nil, 0)},
		{check.CodeConvertible, Stored(transfer.Result{Stored: 12, Bytes: 6606029, Took: 1200 * time.Millisecond, Convertible: outcomes(1)}, nil, 0)},
		{check.CodeFilesElsewhere, search{misrouted: 2, missing: map[transfer.Digest]place{{1}: {}, {2}: {}}}.judge()},
	} {
		_, entry, found := strings.Cut(string(text), "### "+string(c.code)+"\n")
		_, entry, _ = strings.Cut(entry, "\n\n**Example**\n\n> ")
		example, _, _ := strings.Cut(entry, "\n\n")
		if example = strings.ReplaceAll(example, "\n> ", " "); !found || c.check.Code != c.code || c.check.Found != example {
			t.Errorf("%s has the example\n%s\nand the code prints\n%s %s", c.code, example, c.check.Code, c.check.Found)
		}
	}
}
