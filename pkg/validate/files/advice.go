package files

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/transfer"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate"
)

// adviceKinds is how many kinds of failures get a separate fix.
const adviceKinds = 3

// advise returns the fixes for the files that failed: one for each kind of failure, the
// most frequent first. It is empty if no file failed because of the peer or the file
// itself.
func advise(r transfer.Result) string {
	count := map[string]int{}
	for _, f := range r.Failures {
		if text := adviceFor(f, r.Calling, r.Stored); text != "" {
			count[text]++
		}
	}
	texts := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
	if len(texts) == 0 {
		return ""
	}
	shown := texts[:min(len(texts), adviceKinds)]
	if len(texts) > 1 {
		for i, text := range shown {
			shown[i] = fmt.Sprintf("%s: %s", finding.Count(count[text], "file"), text)
		}
	}
	return strings.Join(shown, "; ") + "; then run the command again: with --resume, only the missing files are sent"
}

func adviceFor(f transfer.Failure, calling string, stored int) string {
	if errors.Is(f.Why, transfer.ErrInterrupted) {
		return ""
	}
	if errors.Is(f.Why, transfer.ErrChanged) {
		return "Send files that no other program is writing to"
	}
	a := validate.Attempt{Calling: calling, OthersStored: stored > 0}
	if f.Study == "" {
		a.MissingUIDs = []string{"Study Instance UID"}
	}
	return validate.StoreFix(f.Why, a).Text
}
