package send

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate"
)

// CheckFound asks for the instances of each study that the peer said that it
// stored. count gives how many of a study it has, 0 for an unknown study. More than
// were sent are no fault: others send as well. Details lists at most limit studies
// of a kind; 0 for all.
func (r Result) CheckFound(ctx context.Context, count func(ctx context.Context, studyUID string) (int, error), limit int) validate.Check {
	var asked, instances int
	var missing, unasked []Outcome
	for _, uid := range slices.Sorted(maps.Keys(r.Studies)) {
		sent := r.Studies[uid]
		if uid == "" {
			unasked = append(unasked, Outcome{Path: files(sent), Reason: "the data set names no study to ask for"})
			continue
		}
		has, err := count(ctx, uid)
		switch {
		case err != nil:
			unasked = append(unasked, Outcome{Path: "study " + uid, Reason: err.Error()})
		case has < sent:
			missing = append(missing, Outcome{Path: "study " + uid, Reason: fmt.Sprintf("%d instances of %d", has, sent)})
		default:
			asked++
			instances += sent
		}
	}
	c := judgeFound(asked, instances, len(missing), len(unasked))
	c.Details = append(list("missing", missing, limit), list("not asked for", unasked, limit)...)
	return c
}

// judgeFound is pure: studies found whole with how many instances, studies found
// wanting, and those that could not be asked for.
func judgeFound(whole, instances, missing, unasked int) validate.Check {
	c := validate.Check{Outcome: validate.Pass, Found: fmt.Sprintf("Orthanc has all %d instances of %s", instances, studies(whole))}
	switch {
	case missing > 0:
		c = validate.Check{
			Outcome: validate.Fail, Code: codeStudyMissing, Found: "Orthanc said that it stored them, and has not all instances of " + studies(missing),
			Fix: finding.Fix{Text: "See whether Orthanc's storage is full, or whether it removes studies by itself (MaximumStorageSize, MaximumPatientCount)"},
		}
	case whole == 0 && unasked == 0:
		c = validate.Check{Outcome: validate.Skip, Found: "nothing was stored"}
	case whole == 0:
		c = validate.Check{Outcome: validate.Skip, Found: "Orthanc could not be asked for " + studies(unasked)}
	case unasked > 0:
		c.Outcome, c.Code = validate.Warn, codeWebOther
		c.Found += "; it could not be asked for " + studies(unasked)
		c.Fix.Text = "See the reasons with -o wide"
	}
	if c.Outcome == validate.Fail || c.Outcome == validate.Warn {
		c.Expected = "all instances of all studies that were sent"
	}
	return c
}

func studies(n int) string {
	if n == 1 {
		return "1 study"
	}
	return fmt.Sprintf("%d studies", n)
}
