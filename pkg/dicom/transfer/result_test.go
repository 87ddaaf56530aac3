package transfer

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// TestFailuresBelongToFailed has files that fail for different reasons, not in the order of
// their paths.
func TestFailuresBelongToFailed(t *testing.T) {
	const jpeg = "1.2.840.10008.1.2.4.50"
	p := (&peer{
		accepts: func(_, syntax string) bool { return syntax != jpeg },
		status: func(instance string) uint16 {
			return map[string]uint16{"2.25.2": 0xA700, "2.25.5": 0xC000}[instance]
		},
	}).listen(t)
	dir := study(t, 5)
	write(t, made(secondary, "2.25.77", jpeg, "1.2.9", 10), dir, "0002-jpeg.dcm")
	r, err := Files(t.Context(), to(p, dir))
	if err != nil || r.Stored != 3 || r.Calling != "ORTHWEB" || names(r.Failed) != "0001.dcm 0002-jpeg.dcm 0004.dcm" || len(r.Failures) != 3 {
		t.Fatalf("stored %d by %s, failed %v: %v, %v", r.Stored, r.Calling, r.Failed, r.Failures, err)
	}
	for i, study := range []string{"1.2.3", "1.2.9", "1.2.3"} {
		if f := r.Failures[i]; f.Study != study || !strings.HasSuffix(f.Why.Error(), r.Failed[i].Reason) {
			t.Errorf("%s failed because %q; its error is %q, of study %s", r.Failed[i].Path, r.Failed[i].Reason, f.Why, f.Study)
		}
	}
	var refused *dicom.RefusedError
	var full, bad *dicom.StatusError
	if !errors.As(r.Failures[1].Why, &refused) || refused.TransferSyntax != jpeg {
		t.Errorf("%v", r.Failures[1].Why)
	}
	if !errors.As(r.Failures[0].Why, &full) || full.Status.Code != 0xA700 || !errors.As(r.Failures[2].Why, &bad) || bad.Status.Code != 0xC000 {
		t.Errorf("%v, %v", r.Failures[0].Why, r.Failures[2].Why)
	}
}

// TestFailuresAreInOrder has files that fail in another order than that of their paths.
func TestFailuresAreInOrder(t *testing.T) {
	tr := newTransfer(Options{})
	tr.fail(file{path: "c"}, ErrInterrupted)
	tr.fail(file{path: "b"}, ErrInterrupted)
	tr.fail(file{path: "a"}, ErrInterrupted)
	tr.fail(file{path: "b"}, ErrChanged)
	r := tr.result()
	if got := names(r.Failed); got != "a b b c" {
		t.Errorf("failed %s", got)
	}
	for i, want := range []error{ErrInterrupted, ErrChanged, ErrInterrupted, ErrInterrupted} {
		if r.Failures[i].Why != want || r.Failed[i].Reason != want.Error() {
			t.Errorf("%s: %v, and %s", r.Failed[i].Path, r.Failures[i].Why, r.Failed[i].Reason)
		}
	}
}

// TestListsAreComplete requires each file that is reported individually to be in one of the
// lists that are sorted.
func TestListsAreComplete(t *testing.T) {
	r := Result{
		Warned: []Outcome{{Path: "1"}}, Noted: []Outcome{{Path: "2"}}, Failed: []Outcome{{Path: "3"}},
		Skipped: []Outcome{{Path: "4"}}, Convertible: []Outcome{{Path: "5"}}, Conflicting: []Outcome{{Path: "6"}},
		NotDICOM: []Outcome{{Path: "7"}}, Indexes: []Outcome{{Path: "8"}}, Copies: []Outcome{{Path: "9"}},
	}
	all := strings.Fields(names(slices.Concat(r.lists()...)))
	slices.Sort(all)
	if got := strings.Join(all, ""); got != "123456789" {
		t.Error(got)
	}
}

func TestLocate(t *testing.T) {
	p := (&peer{}).listen(t)
	dir := study(t, 3)
	r, err := Files(t.Context(), to(p, dir))
	if err != nil || r.Stored != 3 {
		t.Fatalf("stored %d, %v", r.Stored, err)
	}
	paths := []string{r.Paths[DigestOf("2.25.1")], r.Paths[DigestOf("2.25.2")], r.Paths[DigestOf("2.25.3")]}
	if err := os.Remove(paths[1]); err != nil {
		t.Fatal(err)
	}
	write(t, made(secondary, "2.25.33", part10.ExplicitVRLittleEndian, "1.2.3", 100), paths[2])
	for _, c := range []struct{ about, instance, path, located string }{
		{"unchanged", "2.25.1", paths[0], "2.25.1"},
		{"removed", "2.25.2", "", ""},
		{"another instance now", "2.25.3", "", ""},
		{"never sent", "2.25.33", "", ""},
	} {
		if path, instance := r.Locate(t.Context(), DigestOf(c.instance)); path != c.path || instance != c.located {
			t.Errorf("%s: %q, %q", c.about, path, instance)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if path, _ := r.Locate(ctx, DigestOf("2.25.1")); path != "" {
		t.Errorf("cancelled: %q", path)
	}
	if path, _ := (Result{}).Locate(t.Context(), DigestOf("2.25.1")); path != "" {
		t.Errorf("nothing was sent: %q", path)
	}
}
