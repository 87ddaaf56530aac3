package selfreport

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// StateCodes are the codes of causes that describe a state, not its reason.
var StateCodes = []finding.Code{engine.CodeOtherNotReady, engine.CodeUnderWay, engine.CodeNotReadyForUnknown}

// scheduleReasons are the Warning events about a CronJob that does not run as scheduled
// (kubernetes v1.36, pkg/controller/cronjob/cronjob_controllerv2.go).
var scheduleReasons = []string{"UnknownTimeZone", "InvalidSchedule", "UnparseableSchedule", "TooManyMissedTimes", "FailedNeedsStart", "FailedCreate", "MissSchedule"}

// JudgeCronEvents reports a CronJob that its controller could not run, according to its
// newest Warning event since the last run.
func JudgeCronEvents(x *engine.Context, cron *unstructured.Unstructured) (engine.Result, bool) {
	started := object.Time(cron.Object, "status", "lastScheduleTime")
	for _, e := range x.Warnings(cron) {
		if !slices.Contains(scheduleReasons, e.Reason) || e.Last.Before(started) {
			continue
		}
		own := OwnFinding(cron, health.Failing, engine.CodeCronJob, finding.Critical, e.Reason, "it does not run: "+health.FirstLine(e.Message), e.First,
			append([]finding.Evidence{engine.EventEvidence(object.RefOf(cron), e)}, QuoteFields(cron, "spec.schedule", "spec.timeZone", "spec.startingDeadlineSeconds")...)...)
		own.Findings[0].Message = strings.Replace(own.Findings[0].Message, " is not ready: it does not run", " does not run", 1)
		return own, true
	}
	return engine.Result{}, false
}
