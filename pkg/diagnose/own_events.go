package diagnose

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// stateCodes are the codes of causes that describe a state, not its reason.
var stateCodes = []finding.Code{codeOtherNotReady, codeUnderWay, codeNotReadyForUnknown}

// addWarning adds the newest Warning event about a requested object that is not ready,
// unless its message is known already: an event may explain what the status does not.
func (w *walk) addWarning(s *Subject, obj *unstructured.Unstructured) {
	if s.Verdict.Status == health.Ready || s.Verdict.Status == health.Suspended || len(s.Causes) > 1 || len(s.Causes) == 1 && !s.Causes[0].Ref.Same(s.Ref) {
		return
	}
	events := w.x.warnings(obj)
	if len(events) == 0 {
		return
	}
	e := events[0]
	line := firstLine(e.Message)
	if len(s.Causes) == 0 {
		f := finding.Finding{
			Code: codeOtherNotReady, Ref: s.Ref, Reason: e.Reason, Severity: finding.Warning, Since: e.First,
			Message:  s.Ref.String() + ": " + s.Verdict.Message + "; its newest warning is " + e.Reason + ": " + line,
			Evidence: []finding.Evidence{eventEvidence(s.Ref, e)},
			Fixes:    []finding.Fix{{Text: "Check its events and what its controller reports about it", Command: inspectCommand(s.Ref)}},
		}
		s.addCauses(w.x, outcome{causes: []foundCause{{Finding: f, path: []Step{{Ref: s.Ref, Status: s.Verdict.Status, Note: string(s.Verdict.Reason)}}}}, unknown: s.Unknown})
		return
	}
	c := &s.Causes[0]
	if !slices.Contains(stateCodes, c.Code) || c.Reason == e.Reason || strings.Contains(c.Message, line) {
		return
	}
	c.Message += "; its newest warning is " + e.Reason + ": " + line
	c.Evidence = w.x.verified(append(slices.Clone(c.Evidence), eventEvidence(s.Ref, e)))
}

// scheduleReasons are the Warning events about a CronJob that does not run as scheduled
// (kubernetes v1.36, pkg/controller/cronjob/cronjob_controllerv2.go).
var scheduleReasons = []string{"UnknownTimeZone", "InvalidSchedule", "UnparseableSchedule", "TooManyMissedTimes", "FailedNeedsStart", "FailedCreate", "MissSchedule"}

// unscheduledCron reports a CronJob that its controller could not run, according to its
// newest Warning event since the last run.
func (x *examiner) unscheduledCron(cron *unstructured.Unstructured) (exam, bool) {
	started := field.Time(cron.Object, "status", "lastScheduleTime")
	for _, e := range x.warnings(cron) {
		if !slices.Contains(scheduleReasons, e.Reason) || e.Last.Before(started) {
			continue
		}
		own := ownFinding(cron, health.Failing, codeCronJob, finding.Critical, e.Reason, "it does not run: "+firstLine(e.Message), e.First,
			append([]finding.Evidence{eventEvidence(finding.RefOf(cron), e)}, quoteFields(cron, "spec.schedule", "spec.timeZone", "spec.startingDeadlineSeconds")...)...)
		own.findings[0].Message = strings.Replace(own.findings[0].Message, " is not ready: it does not run", " does not run", 1)
		return own, true
	}
	return exam{}, false
}
