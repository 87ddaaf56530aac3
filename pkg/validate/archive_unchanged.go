package validate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// checkUnchanged compares the archive with its content before anything was stored.
func (v *validation) checkUnchanged(ctx context.Context) check.Check {
	if !v.stored && !v.sentFiles {
		return check.Skipped("nothing was stored")
	}
	if v.before == nil {
		return check.Skipped("what the archive held before the test is not known")
	}
	after, err := readCensus(ctx, v.web, v.login)
	left := int64(0)
	if err == nil && v.stored {
		left, err = v.left(ctx)
	}
	if err != nil {
		return check.Warned(check.CodeNotCompared, "the contents of the archive could not be read after the test: "+check.DescribeError(err), "nothing else changed",
			finding.Fix{Text: "Check the number of patients in Orthanc's explorer; before the test, the archive had " + v.before.describe()})
	}
	return judgeUnchanged(*v.before, after, left)
}

// left is how many images of the test study the tenant's archive has: it was kept, or
// could not be removed.
func (v *validation) left(ctx context.Context) (int64, error) {
	id, err := lookUp(ctx, v.web, "Study", v.studyUID(), v.login)
	if err != nil || id == "" {
		return 0, err
	}
	has, err := instances(ctx, v.web, id, v.login)
	return int64(len(has)), err
}

// judgeUnchanged is pure. kept is how many images of the test study are left.
func judgeUnchanged(before, after census, kept int64) check.Check {
	lost := missing("patient", before.patients, after.patients)
	lost = append(lost, missing("study", before.studies, after.studies)...)
	of := min(kept, 1)
	fewer := []string{}
	for _, c := range []struct {
		what          string
		before, after int64
	}{
		{"patients", before.CountPatients, after.CountPatients - of},
		{"studies", before.CountStudies, after.CountStudies - of},
		{"instances", before.CountInstances, after.CountInstances - kept},
	} {
		if c.after < c.before {
			fewer = append(fewer, fmt.Sprintf("%d of %d %s", c.before-c.after, c.before, c.what))
		}
	}
	counts := []string{"before: " + before.describe(), "after: " + after.describe()}
	if len(fewer) == 0 && len(lost) > 0 {
		fewer = []string{fmt.Sprintf("%d patients and studies that it had before, while others were added", len(lost))}
	}
	if len(fewer) > 0 {
		c := check.Failed(check.CodeArchiveLost, "the archive lost data during the validation: "+strings.Join(fewer, ", "), "nothing but the test study changed", finding.Fix{
			Text: "Find out what removed the data before you store anything else: Orthanc's log, MaximumPatientCount and MaximumStorageSize in its configuration, Lua scripts, or another user. Restore it from a backup or from where it was sent",
		})
		c.Details = append(counts, lost...)
		return c
	}
	found := "the archive still has everything that it had before"
	if after.CountInstances-kept > before.CountInstances {
		found += fmt.Sprintf("; %d instances are new", after.CountInstances-kept-before.CountInstances)
	}
	return check.Passed(found, counts...)
}

// maxNamed is how many lost items are named.
const maxNamed = 100

// missing names what the archive had before and no longer has.
func missing(what string, before, after []string) []string {
	if before == nil || after == nil {
		return nil
	}
	has := map[string]bool{}
	for _, id := range after {
		has[id] = true
	}
	var lost []string
	for _, id := range slices.Sorted(slices.Values(before)) {
		if !has[id] && len(lost) < maxNamed {
			lost = append(lost, fmt.Sprintf("the %s with Orthanc's id %s is gone", what, id))
		}
	}
	return lost
}
