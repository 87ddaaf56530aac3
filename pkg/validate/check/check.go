// Package check has what the checks of package validate share: the checks and their outcomes,
// the tenant that is validated, credentials and codes.
package check

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// Outcome is the result of a check.
type Outcome string

// The outcomes.
const (
	Pass Outcome = "PASS"
	// Fail: it does not work, or accepts clients that it must refuse.
	Fail Outcome = "FAIL"
	// Warn: it works, but something is not as it should be.
	Warn Outcome = "WARN"
	// Skip: it was not tested. Check.After is the check that failed before; otherwise Found
	// names what was missing.
	Skip Outcome = "SKIP"
)

// Check is the result of one step.
type Check struct {
	// Name never changes: "web-tls".
	Name    string
	Outcome Outcome
	// Code is set for Fail and Warn, see docs/findings.md.
	Code finding.Code
	// Found is the message: a sentence without a full stop.
	Found string
	// Expected is the expected result, set for Fail and Warn.
	Expected string
	// Fix is set for Fail and Warn.
	Fix finding.Fix
	// After is the failed check because of which this one was skipped.
	After string
	Took  time.Duration
	// Details are further lines about the check.
	Details []string
}

// Passed is a check that passes. The runner adds its name and time, as to those of Failed,
// Warned and Skipped.
func Passed(found string, details ...string) Check {
	return Check{Outcome: Pass, Found: found, Details: details}
}

// Failed is a check that fails, with what was found, what was expected, and a fix.
func Failed(code finding.Code, found, expected string, fix finding.Fix) Check {
	return Check{Outcome: Fail, Code: code, Found: found, Expected: expected, Fix: fix}
}

// Warned is a check that passes with a warning.
func Warned(code finding.Code, found, expected string, fix finding.Fix) Check {
	return Check{Outcome: Warn, Code: code, Found: found, Expected: expected, Fix: fix}
}

// Skipped is a check that could not be done.
func Skipped(why string) Check { return Check{Outcome: Skip, Found: why} }

// DescribeError is the text of an error. A deadline is always that of the check.
func DescribeError(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "timed out waiting for a response"
	}
	var answered *dicom.StatusError
	if errors.As(err, &answered) {
		return answered.Error() // the message already names the image
	}
	return err.Error()
}

// Runner runs checks in order and reports each as soon as it has a result.
type Runner struct {
	Report func(Check)
	Checks []Check
	// Stopped is the check that failed or was skipped because of one, by name.
	Stopped map[string]string
	// Missing is why a check, and those that require it, can't be tested.
	Missing map[string]string
	Timeout time.Duration
}

// Do runs a check unless one that it requires has failed. It reports whether the check
// passed, with or without a warning.
func (r *Runner) Do(ctx context.Context, name string, needs []string, check func(context.Context) Check) bool {
	if ctx.Err() != nil {
		return false
	}
	for _, need := range needs {
		if because, ok := r.Stopped[need]; ok {
			r.Stopped[name] = because
			r.add(Check{Name: name, Outcome: Skip, After: because})
			return false
		}
		if why, ok := r.Missing[need]; ok {
			r.Missing[name] = why
			r.add(Check{Name: name, Outcome: Skip, Found: why})
			return false
		}
	}
	began := time.Now()
	bounded, cancel := context.WithTimeout(ctx, r.Timeout)
	c := check(bounded)
	cancel()
	if errors.Is(ctx.Err(), context.Canceled) {
		return false // the result is incomplete
	}
	c.Name, c.Took = name, time.Since(began)
	if c.Outcome == Fail {
		r.Stopped[name] = name
	}
	r.add(c)
	return c.Outcome == Pass || c.Outcome == Warn
}

func (r *Runner) add(c Check) {
	r.Checks = append(r.Checks, c)
	if r.Report != nil {
		r.Report(c)
	}
}

// Worst is the worst of the outcomes: Fail, then Warn, then Pass. It is Skip if the result
// is not known: nothing was tested, or nothing failed but the page, the association or the
// user's files were not tested.
func Worst(checks []Check) Outcome {
	rank := map[Outcome]int{Skip: 0, Pass: 1, Warn: 2, Fail: 3}
	worst, known := Skip, true
	for _, c := range checks {
		if rank[c.Outcome] > rank[worst] {
			worst = c.Outcome
		}
		if c.Outcome == Skip && slices.Contains([]string{"web-page", "dicom-association", "dicom-store-files"}, c.Name) {
			known = false
		}
	}
	if !known && worst != Fail {
		return Skip
	}
	return worst
}

// Untested describes what works and what was not tested. It is empty if signing in to the
// web succeeded or the web needs no password. It is for checks without a failure: without a
// password it is not known whether the tenant works.
func Untested(checks []Check) string {
	var page, signIn Check
	dicom := "DICOM answers C-ECHO; storing was not tested"
	for _, c := range checks {
		passed := c.Outcome == Pass || c.Outcome == Warn
		switch {
		case c.Name == "web-page":
			page = c
		case c.Name == "web-system" && c.Outcome == Skip:
			signIn = c
		case (c.Name == "dicom-store" || c.Name == "dicom-store-files") && passed:
			dicom = "DICOM works"
		}
	}
	if signIn.Name == "" {
		return ""
	}
	return dicom + "; " + page.Found + "; " + signIn.Found
}
