// Package files judges the transfer of a user's files: what the peer stored, and
// whether Orthanc has it.
package files

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/transfer"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// Stored is the result of sending. err is the error of Files. Details lists at most limit
// files of each kind (failed, omitted, warned about); 0 for all.
func Stored(r transfer.Result, err error, limit int) check.Check {
	c := check.Check{Outcome: check.Pass, Found: words(r)}
	for _, kind := range kinds(r) {
		c.Details = append(c.Details, list(kind.detail, kind.files, limit)...)
	}
	if err != nil {
		c.Found += "; the transfer ended before all files were sent: " + err.Error()
	}
	c.Outcome, c.Code, c.Fix.Text = judge(r, err)
	if c.Outcome != check.Pass {
		c.Expected = "each file is stored successfully"
	}
	return c
}

// judge returns the most serious result: first files that should have been stored and were
// not.
func judge(r transfer.Result, err error) (check.Outcome, finding.Code, string) {
	switch {
	case err != nil:
		return check.Fail, check.CodeStoreFailed, "Correct the error, and run the command again"
	case len(r.Failed) > 0:
		return check.Fail, check.CodeStoreFailed, cmp.Or(advise(r), "Check the reasons above and Orthanc's log, and run the command again: with --resume, only the missing files are sent")
	case len(r.Conflicting) > 0:
		return check.Fail, check.CodeConflicting, "Compare the files; send the correct one, or give the other one a new SOP Instance UID with dcmodify -gin"
	case len(r.Skipped) > 0:
		return check.Fail, check.CodeUnsendable, "Get complete copies of damaged files; omit files that are not DICOM"
	case len(r.Convertible) > 0:
		return check.Fail, check.CodeConvertible, "Convert the files as the reasons describe, and send the new files"
	case r.Stored+r.Before == 0:
		return check.Fail, check.CodeUnsendable, "Specify files, or a directory that contains some"
	case len(r.Warned) > 0:
		return check.Warn, check.CodeStoreWarning, "Check Orthanc's log for the reason"
	case len(r.Noted) > 0:
		return check.Warn, check.CodeNotStandard, "Check the images in a viewer; if they are correct, no action is needed"
	case len(r.NotDICOM)+len(r.Indexes)+len(r.Copies) > 0:
		return check.Warn, check.CodeLeftOut, "If these files are what you expect, no action is needed"
	}
	return check.Pass, "", ""
}

// ofKind are files with the same result, with its text in the sum and before each file.
type ofKind struct {
	files       []transfer.Outcome
	sum, detail string
}

// kinds are in the order in which they are reported.
func kinds(r transfer.Result) []ofKind {
	return []ofKind{
		{r.Failed, "failed", "failed"},
		{r.Conflicting, "skipped because another file has the same SOP Instance UID", "conflicting"},
		{r.Skipped, "skipped", "skipped"},
		{r.Convertible, "must be converted first", "must be converted"},
		{r.Warned, "stored with warnings", "warning"},
		{r.Noted, "not compliant with the standard", "not compliant"},
		{r.NotDICOM, "not DICOM and omitted", "not DICOM"},
		{r.Indexes, "omitted as an index (DICOMDIR)", "index"},
		{r.Copies, "omitted as a copy", "copy"},
	}
}

// words are the counts, without those that are zero.
func words(r transfer.Result) string {
	parts := []string{fmt.Sprintf("stored %s, %s, in %s", finding.Count(r.Stored, "file"), transfer.FormatSize(r.Bytes), r.Took.Round(time.Millisecond))}
	if r.Before > 0 {
		parts = append(parts, fmt.Sprintf("%d stored before", r.Before))
	}
	for _, kind := range kinds(r) {
		if n := len(kind.files); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, kind.sum))
		}
	}
	return strings.Join(parts, "; ")
}

// list has a line for each file, and one for those beyond the limit.
func list(what string, outcomes []transfer.Outcome, limit int) []string {
	var lines []string
	for i, o := range outcomes {
		if i == limit && limit > 0 {
			return append(lines, fmt.Sprintf("and %d more %s: -o wide and -o json list all", len(outcomes)-i, what))
		}
		lines = append(lines, fmt.Sprintf("%s: %s: %s", what, o.Path, o.Reason))
	}
	return lines
}
