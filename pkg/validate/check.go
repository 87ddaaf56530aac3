// Package validate proves from outside that a tenant works: it does what a browser
// and a modality do, hop by hop, and says which hop fails. It is handed all that it
// needs to know of the tenant, and reads nothing of the cluster.
package validate

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// Outcome is what came of a check.
type Outcome string

// The outcomes.
const (
	Pass Outcome = "PASS"
	// Fail: it does not work, or lets in whom it must not.
	Fail Outcome = "FAIL"
	// Warn: it works, and something is not as it should be.
	Warn Outcome = "WARN"
	// Skip: it was not tried. Check.After says which check failed before, or else
	// Found says what was missing.
	Skip Outcome = "SKIP"
)

// Check is one hop that was tried.
type Check struct {
	// Name never changes: "web-tls".
	Name    string
	Outcome Outcome
	// Code is of a Fail or Warn, see docs/findings.md.
	Code finding.Code
	// Found is a sentence without a full stop: what was seen.
	Found string
	// Expected is what should have been, of a Fail or Warn.
	Expected string
	// Fix is what to do about it.
	Fix finding.Fix
	// After is the check whose failure this one was skipped for.
	After string
	Took  time.Duration
	// Details are lines of what else was seen.
	Details []string
}

// pass, fail and warn make a Check; its name and time are added by the runner.
func pass(found string, details ...string) Check {
	return Check{Outcome: Pass, Found: found, Details: details}
}

func fail(code finding.Code, found, expected string, fix finding.Fix) Check {
	return Check{Outcome: Fail, Code: code, Found: found, Expected: expected, Fix: fix}
}

func warn(code finding.Code, found, expected string, fix finding.Fix) Check {
	return Check{Outcome: Warn, Code: code, Found: found, Expected: expected, Fix: fix}
}

func skip(why string) Check { return Check{Outcome: Skip, Found: why} }

// describeError is an error in plain words: the time that is up is the check's.
func describeError(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "timed out waiting for a response"
	}
	var answered *dicom.StatusError
	if errors.As(err, &answered) {
		return answered.Error() // which image it was of is said
	}
	return err.Error()
}

// runner does checks one after the other and tells each as soon as it is done.
type runner struct {
	report func(Check)
	checks []Check
	// stopped is the check that failed or was skipped because of one, by name.
	stopped map[string]string
	// missing is why a check, and those that stand on it, can't be tried.
	missing map[string]string
	timeout time.Duration
}

// do does a check unless one that it stands on has failed. It tells whether the
// check passed, with or without a warning.
func (r *runner) do(ctx context.Context, name string, needs []string, check func(context.Context) Check) bool {
	if ctx.Err() != nil {
		return false
	}
	for _, need := range needs {
		if because, ok := r.stopped[need]; ok {
			r.stopped[name] = because
			r.add(Check{Name: name, Outcome: Skip, After: because})
			return false
		}
		if why, ok := r.missing[need]; ok {
			r.missing[name] = why
			r.add(Check{Name: name, Outcome: Skip, Found: why})
			return false
		}
	}
	began := time.Now()
	bounded, cancel := context.WithTimeout(ctx, r.timeout)
	c := check(bounded)
	cancel()
	if errors.Is(ctx.Err(), context.Canceled) {
		return false // what it says now is of no use
	}
	c.Name, c.Took = name, time.Since(began)
	if c.Outcome == Fail {
		r.stopped[name] = name
	}
	r.add(c)
	return c.Outcome == Pass || c.Outcome == Warn
}

func (r *runner) add(c Check) {
	r.checks = append(r.checks, c)
	if r.report != nil {
		r.report(c)
	}
}

// Worst is the worst of the outcomes: Fail, then Warn, then Pass. It is Skip where
// it could not be told: nothing was tried, or, without a failure, not what a tenant
// is for, its page and an association, or not what the user wanted to send.
func Worst(checks []Check) Outcome {
	rank := map[Outcome]int{Skip: 0, Pass: 1, Warn: 2, Fail: 3}
	worst, told := Skip, true
	for _, c := range checks {
		if rank[c.Outcome] > rank[worst] {
			worst = c.Outcome
		}
		if c.Outcome == Skip && slices.Contains([]string{"web-page", "dicom-association", "dicom-store-files"}, c.Name) {
			told = false
		}
	}
	if !told && worst != Fail {
		return Skip
	}
	return worst
}

// Untested says what works and what was not tried, empty where the web was signed in
// to or needs no password. It is for checks of which none has failed: without a
// password a tenant is not known to work.
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
