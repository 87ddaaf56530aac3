package send

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate"
)

// The codes of what is found about a user's files: see finding.Code. Those that
// pkg/validate has as well mean the same there.
const (
	codeWebOther     finding.Code = "OW9304"
	codeStoreFailed  finding.Code = "OW9406"
	codeStoreWarning finding.Code = "OW9407"
	codeUnsendable   finding.Code = "OW9408"
	codeStudyMissing finding.Code = "OW9501"
)

// Check is what came of sending, for people and for scripts. err is that of Files.
// Of files that failed, that were skipped and that were warned of, details lists at
// most limit each; 0 for all.
func (r Result) Check(err error, limit int) validate.Check {
	c := validate.Check{Outcome: validate.Pass, Found: r.words()}
	c.Details = append(c.Details, list("failed", r.Failed, limit)...)
	c.Details = append(c.Details, list("skipped", r.Skipped, limit)...)
	c.Details = append(c.Details, list("warned of", r.Warned, limit)...)
	switch {
	case err != nil:
		c.Outcome, c.Code = validate.Fail, codeStoreFailed
		c.Found += "; it ended before all was sent: " + err.Error()
		c.Fix.Text = "Mend that, and run it again"
	case len(r.Failed) > 0:
		c.Outcome, c.Code = validate.Fail, codeStoreFailed
		c.Fix.Text = cmp.Or(r.advice, "See the reasons above and Orthanc's log, and run it again: with --resume only what is missing is sent")
	case len(r.Skipped) > 0:
		c.Outcome, c.Code = validate.Fail, codeUnsendable
		c.Fix.Text = "Get whole copies of damaged files; leave out what is no DICOM"
	case r.Stored+r.Before == 0:
		c.Outcome, c.Code = validate.Fail, codeUnsendable
		c.Fix.Text = "Name the files, or a directory that has some"
	case len(r.Warned) > 0:
		c.Outcome, c.Code = validate.Warn, codeStoreWarning
		c.Fix.Text = "Look into Orthanc's log for the reason"
	}
	if c.Outcome != validate.Pass {
		c.Expected = "each file is stored, with success"
	}
	return c
}

// words are the counts, leaving out what there is none of.
func (r Result) words() string {
	parts := []string{fmt.Sprintf("stored %s, %s, in %s", files(r.Stored), size(r.Bytes), r.Took.Round(time.Millisecond))}
	for _, p := range []struct {
		count int
		words string
	}{
		{r.Before, "stored before"}, {len(r.Failed), "failed"},
		{len(r.Skipped), "skipped"}, {len(r.Warned), "stored with warnings"},
	} {
		if p.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.count, p.words))
		}
	}
	return strings.Join(parts, "; ")
}

func files(n int) string {
	if n == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", n)
}

// list has a line for each file, and one for those beyond the limit.
func list(what string, outcomes []Outcome, limit int) []string {
	var lines []string
	for i, o := range outcomes {
		if i == limit && limit > 0 {
			return append(lines, fmt.Sprintf("and %d more %s: -o wide and -o json list all", len(outcomes)-i, what))
		}
		lines = append(lines, fmt.Sprintf("%s: %s: %s", what, o.Path, o.Reason))
	}
	return lines
}
