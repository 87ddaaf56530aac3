package helm

import (
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// helm-controller 0.36 and older put Helm's last log lines into conditions,
// later ones into events only (1.6.1, internal/reconcile/reconcile.go).
const lastLogs = "Last Helm logs:"

// readCause records the cause of a failed action and what it names.
func (h *Failure) readCause(cause string) {
	cause, _, _ = strings.Cut(cause, lastLogs)
	cause = strings.TrimSpace(cause)
	h.Cause = match.Detail(cause)
	switch {
	case helmCanceled.MatchString(cause):
		h.Problem, h.Objects = ProblemCanceled, waitedFor(cause)
	case helmStored.MatchString(cause):
		h.Problem = ProblemStoredManifest
	case helmPostRender.MatchString(cause):
		h.Problem = ProblemPostRender
	case h.record(cause):
	case h.hook(cause):
		h.Problem = ProblemHook
	case h.template(cause):
		h.Problem = ProblemTemplate
	case h.notReady(cause):
		h.Problem = ProblemNotReady
	case strings.Contains(cause, "another operation (install/upgrade/rollback) is in progress"):
		h.Problem = ProblemPending
	case strings.Contains(cause, "values don't meet the specifications of the schema(s)"):
		h.Problem = ProblemSchema
	case strings.HasPrefix(cause, "chart requires kubeVersion: "):
		h.Problem = ProblemKubernetesVersion
	case strings.Contains(cause, "missing target release for rollback"):
		h.Problem = ProblemNoRollbackTarget
	default:
		h.Problem = ProblemOther
	}
}

var (
	// Go's context.Canceled, as the last error; Helm's own command.
	helmCanceled = match.Wording(`(?m)(?:^|: )(?:context canceled|operation was canceled)$|\b[Rr]elease \S+ has been cancell?ed\b`)
	// helm.sh/helm/v4 4.2.4, pkg/action/upgrade.go, rollback.go and
	// uninstall.go; Helm 3 too.
	helmStored = match.Wording(`unable to build kubernetes objects (?:from current release manifest|for delete): `)
	// helm.sh/helm/v4 4.2.4, pkg/action/action.go; Helm 3 too.
	helmPostRender = match.Wording(`error while running post render|^error running post-?render|^post-?render(?:er)?(?:ing)?\b[^\n]*failed|error post rendering`)

	// helm-controller 1.6.1, internal/controller/helmrelease_controller.go.
	reconcileTriggered = match.Wording(`^(?:New reconciliation|Health checks canceled due to new reconciliation) triggered by (` + match.SlashedShape + `)$`)
	releaseCanceled    = match.Wording(`^atomic release canceled: context canceled$`)
	// helm-controller 1.6.1, internal/reconcile/unlock.go.
	unlocked = match.Wording(`^(?:Unlocked|Unlock of) Helm release ` + releaseShape + ` with chart ` + chartShape + ` in pending-[a-z]+ state(?: failed: [^\n]*)?$`)

	// helm-controller 1.6.1, internal/reconcile/atomic_release.go; 0.36 and older write
	// "install retries exhausted".
	attempts         = match.Wording(`^Failed to (install|upgrade) after (\d{1,9}) attempt\(s\)`)
	retriesExhausted = match.Wording(`^(install|upgrade) retries exhausted$`)
	exceededRetries  = match.Wording(`^exceeded maximum retries: cannot (install|upgrade|remediate failed) release`)
	noRollbackTarget = match.Wording(`^(?:Failed to perform remediation: )?missing target release for rollback\b`)
)

// parseHelmState parses the message about a release that helm-controller no longer
// retries, or whose values it could not compose.
func parseHelmState(text string) (Failure, bool) {
	if found := attempts.FindStringSubmatch(text); found != nil {
		count, err := strconv.Atoi(found[2])
		return Failure{Action: found[1], Problem: ProblemRetriesExhausted, Attempts: count, Cause: match.Detail(text)}, err == nil
	}
	if found := retriesExhausted.FindStringSubmatch(text); found != nil {
		return Failure{Action: found[1], Problem: ProblemRetriesExhausted, Cause: match.Detail(text)}, true
	}
	if exceededRetries.MatchString(text) {
		return Failure{Problem: ProblemRetriesExhausted, Cause: match.Detail(text)}, true
	}
	if noRollbackTarget.MatchString(text) {
		return Failure{Action: "rollback", Problem: ProblemNoRollbackTarget, Cause: match.Detail(text)}, true
	}
	if helm, ok := parseInterrupted(text); ok {
		return helm, true
	}
	if values, ok := parseValues(text); ok {
		return Failure{Problem: ProblemValues, Values: values, Cause: match.Detail(text)}, true
	}
	return Failure{}, false
}

// parseInterrupted parses the message about an interrupted action.
func parseInterrupted(text string) (Failure, bool) {
	if releaseCanceled.MatchString(text) {
		return Failure{Problem: ProblemCanceled, Cause: match.Detail(text)}, true
	}
	if found := reconcileTriggered.FindStringSubmatch(text); found != nil {
		trigger, ok := match.Slashed(found[1])
		return Failure{Problem: ProblemCanceled, Trigger: trigger, Cause: match.Detail(text)}, ok
	}
	found := match.Groups(unlocked, text)
	if found == nil || len(found["namespace"]) > match.MaxLabel || len(found["release"]) > match.MaxName {
		return Failure{}, false
	}
	return Failure{Problem: ProblemPending, Namespace: found["namespace"], Release: found["release"], Revision: number(found["revision"]),
		Chart: match.Word(found["chart"]), Version: match.Word(found["version"]), Cause: match.Detail(text)}, true
}
