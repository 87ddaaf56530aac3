// Package selfreport judges objects by what they report about themselves:
// conditions and counts, for kinds that have no explainer.
package selfreport

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// JudgeByConventions judges an object of any kind by the conventions that controllers share:
// those of kstatus (cli-utils, pkg/kstatus/README.md), then conditions with a known
// polarity, then words for states. An object without any of them is Unknown.
func JudgeByConventions(x *engine.Context, obj *unstructured.Unstructured) engine.Result {
	if e, ok := JudgeDeleted(x, obj); ok {
		return e
	}
	if e, ok := JudgeGeneration(obj); ok {
		return e
	}
	conditions := Conditions(obj)
	if e, ok := JudgeConditions(obj, conditions); ok {
		return e
	}
	if e, ok := judgeStateWords(obj, summedUp(conditions)); ok {
		return e
	}
	if e, ok := judgeReplicas(obj); ok {
		return e
	}
	if e, ok := judgeParents(obj); ok {
		return e
	}
	if e, ok := JudgeSuspended(obj); ok {
		return e
	}
	if e, ok := judgeReadyFlag(obj); ok && !summedUp(conditions) {
		return e
	}
	if e, ok := judgeViolations(obj); ok {
		return e
	}
	if e, ok := judgeScale(obj); ok && !summedUp(conditions) {
		return e
	}
	return ReadyOrUnknown(obj, conditions)
}

// OwnFinding is the result for what an object reports about itself.
func OwnFinding(obj *unstructured.Unstructured, status health.Status, code finding.Code, severity finding.Severity, reason, text string, since time.Time, proof ...finding.Evidence) engine.Result {
	ref := object.RefOf(obj)
	verbs := map[health.Status]string{
		health.Failing: "is not ready", health.Progressing: "is not ready yet", health.Suspended: "is suspended", health.Ready: "is ready, but",
	}
	message := ref.String() + " " + verbs[status] + ": " + text
	if status == health.Ready {
		message = ref.String() + " " + verbs[status] + " " + text
	}
	return engine.Result{
		Verdict: health.Verdict{Ref: ref, Status: status, Reason: health.Reason(reason), Message: text, Since: since},
		Findings: []finding.Finding{{
			Code: code, Ref: ref, Reason: reason, Severity: severity, Since: since, Message: message, Evidence: proof,
			Fixes: []finding.Fix{{Text: "Check its events and what its controller reports about it", Command: InspectCommand(ref)}},
		}},
	}
}

// ReadyResult is the result for an object without a problem.
func ReadyResult(obj *unstructured.Unstructured, since time.Time) engine.Result {
	if since.IsZero() {
		since = obj.GetCreationTimestamp().Time
	}
	return engine.Result{Verdict: health.Verdict{Ref: object.RefOf(obj), Status: health.Ready, Since: since}}
}

// InspectCommand is the command that shows an object of any kind.
func InspectCommand(ref object.Ref) string {
	kind := strings.ToLower(ref.Kind)
	if group := ref.GroupKind().Group; strings.Contains(group, ".") {
		kind += "." + group
	}
	command := "kubectl describe " + escape.ShellWord(kind) + " " + escape.ShellWord(ref.Name)
	if ref.Namespace != "" {
		command += " -n " + escape.ShellWord(ref.Namespace)
	}
	return command
}

// JudgeDeleted reports an object that is being deleted, with the finalizers that it waits
// for.
func JudgeDeleted(x *engine.Context, obj *unstructured.Unstructured) (engine.Result, bool) {
	at := obj.GetDeletionTimestamp()
	if at == nil {
		return engine.Result{}, false
	}
	proof := QuoteFields(obj, "metadata.deletionTimestamp")
	text := "it is being deleted"
	finalizers := obj.GetFinalizers()
	for i := range finalizers {
		proof = append(proof, QuoteFields(obj, fmt.Sprintf("metadata.finalizers[%d]", i))...)
	}
	if len(finalizers) > 0 {
		text += ", and waits for its finalizers to be removed: " + strings.Join(finalizers, ", ")
	}
	if why, proves, ok := Obstacle(obj); ok {
		text += "; " + why
		proof = append(proof, proves)
	}
	status, severity := health.Progressing, finding.Warning
	if x.Now.Sub(at.Time) > engine.DeletionGrace {
		status, severity = health.Failing, finding.Critical
	}
	e := OwnFinding(obj, status, engine.CodeBeingDeleted, severity, "Terminating", text, at.Time, proof...)
	e.Findings[0].Message = strings.Replace(object.RefOf(obj).String()+" "+text, " it is", " is", 1)
	return e, true
}

// Obstacle is what prevents a deletion according to the object itself.
func Obstacle(obj *unstructured.Unstructured) (string, finding.Evidence, bool) {
	for _, path := range []string{"status.detachError.message", "status.error.message"} {
		for _, proof := range QuoteFields(obj, path) {
			return health.FirstLine(proof.Value), proof, true
		}
	}
	for _, c := range Conditions(obj) {
		if c.Verdict() != health.Ready && !tellsProgress(c.Reason) && c.Message != "" {
			return health.FirstLine(c.Message), c.Proof(obj), true
		}
	}
	return "", finding.Evidence{}, false
}

// JudgeGeneration reports an object whose controller has not observed its newest spec.
func JudgeGeneration(obj *unstructured.Unstructured) (engine.Result, bool) {
	generation := obj.GetGeneration()
	path, observed := "status.observedGeneration", observedGeneration(obj)
	if observed == 0 {
		for _, c := range Conditions(obj) {
			if c.ObservedGeneration > 0 && c.judges() {
				path, observed = c.Path+".observedGeneration", c.ObservedGeneration
				break
			}
		}
	}
	suspended := object.Bool(obj.Object, "spec", "suspend") // Flux's controllers then no longer reconcile it
	if observed == 0 || observed >= generation || suspended {
		return engine.Result{}, false
	}
	text := fmt.Sprintf("its controller has not observed generation %d of its spec yet, only generation %d", generation, observed)
	return OwnFinding(obj, health.Progressing, engine.CodeUnderWay, finding.Warning, "NotYetObserved", text, time.Time{},
		QuoteFields(obj, "metadata.generation", path)...), true
}

// observedGeneration is the generation that the controller has observed; Argo Rollouts
// has it as text.
func observedGeneration(obj *unstructured.Unstructured) int64 {
	if n, err := strconv.ParseInt(object.Text(obj.Object, "status", "observedGeneration"), 10, 64); err == nil {
		return n
	}
	return object.Int(obj.Object, "status", "observedGeneration")
}

// summedUp reports whether a condition that summarizes the others is True.
func summedUp(conditions []Condition) bool {
	for _, c := range conditions {
		if c.summary() && c.Status == "True" {
			return true
		}
	}
	return false
}

// JudgeConditions judges by the worst condition. If a condition that summarizes the others
// is True, conditions in progress do not count, and failures are warnings.
func JudgeConditions(obj *unstructured.Unstructured, conditions []Condition) (engine.Result, bool) {
	up := summedUp(conditions)
	var worst Condition
	worstStatus := health.Ready
	var proof []finding.Evidence
	for _, c := range conditions {
		status := c.Verdict()
		if up && status == health.Progressing && polarityOf(c.Type) != working || status == health.Ready {
			continue
		}
		proof = append(proof, c.Proof(obj))
		if preferred(c, status, worst, worstStatus) {
			worst, worstStatus = c, status
		}
	}
	if worstStatus == health.Ready {
		return engine.Result{}, false
	}
	if why, ok := failedStep(conditions); ok && !up && worst.Message == "" && worstStatus != health.Suspended {
		worst, worstStatus = why, health.Failing
		proof = append(proof, why.Proof(obj))
	}
	word, known := ownWord(obj)
	if worstStatus == health.Failing && worst.summary() && !tellsFailure(worst.Reason) && known && word.status != health.Ready {
		worstStatus = word.status // "Stopped", "Provisioning": why it is not ready
	}
	code, severity := engine.CodeOtherNotReady, finding.Critical
	switch {
	case worstStatus == health.Suspended:
		code, severity = engine.CodeHalted, finding.Info
	case worstStatus == health.Progressing:
		code, severity = engine.CodeUnderWay, finding.Warning
	case up || worst.Severity == "Warning" || worst.Type == "Warning":
		severity = finding.Warning
	}
	text, more := worst.Clause(), conditionDetails(obj, word, known && word.status == worstStatus, worst)
	for _, detail := range more {
		if line := health.FirstLine(detail.Value); !strings.Contains(text, line) {
			text += "; " + strings.TrimPrefix(detail.Field, "status.") + ": " + line
		}
	}
	return OwnFinding(obj, worstStatus, code, severity, worst.Reason, text, worst.Since, append(proof, more...)...), true
}

// failedStep is a condition of a type without a known polarity that is False, with a
// reason that indicates a failure: it explains why an object is not ready (CDI
// DataVolume: Running is False, Error).
func failedStep(conditions []Condition) (Condition, bool) {
	for _, c := range conditions {
		if polarityOf(c.Type) == neutral && c.Status == "False" && tellsFailure(c.Reason) && c.Message != "" {
			return c, true
		}
	}
	return Condition{}, false
}

// conditionDetails is what other fields add to a condition: the word for the state, with its
// details, and the error. A specific condition needs none of them.
func conditionDetails(obj *unstructured.Unstructured, word word, agrees bool, worst Condition) []finding.Evidence {
	var more []finding.Evidence
	if failure, failed := ownError(obj); failed {
		more = append(more, failure)
	}
	if !agrees {
		return more
	}
	more = append(more, QuoteFields(obj, word.path)...)
	if strings.Count(word.path, ".") == 1 && (worst.summary() || word.status == health.Failing) {
		more = append(more, QuoteFields(obj, "status.message", "status.phaseReason")...)
	}
	return more
}

// preferred reports whether a condition is more informative than the worst so far: a
// worse one, or of two equally bad ones, the one whose reason indicates a failure, or
// that has a message.
func preferred(c Condition, status health.Status, worst Condition, worstStatus health.Status) bool {
	if status != worstStatus {
		return status.Worse(worstStatus)
	}
	return c.weight() > worst.weight()
}

func (c Condition) weight() int {
	weight := 0
	if c.Message != "" {
		weight++
	}
	if tellsFailure(c.Reason) {
		weight += 2
	}
	if c.Type == "Programmed" || strings.Contains(c.Message, "other Conditions") {
		weight -= 2 // it follows from another one, and refers to that
	}
	if polarityOf(c.Type) == fault { // it describes the problem, not only its presence
		weight++
	}
	if c.Type == "Stalled" {
		weight += 4
	}
	return weight
}

// judgeStateWords judges by a word for the state, and by the errors that the object reports.
func judgeStateWords(obj *unstructured.Unstructured, up bool) (engine.Result, bool) {
	state, known := ownWord(obj)
	failure, failed := ownError(obj)
	if !failed && (!known || state.status == health.Ready) || up && !failed && state.status == health.Progressing {
		return engine.Result{}, false
	}
	status := state.status
	if failed && status != health.Failing {
		status = health.Failing
	}
	var proof []finding.Evidence
	text, reason := "", state.value
	if known {
		proof, text = QuoteFields(obj, state.path), state.path+" is "+state.value
	}
	if failed {
		proof = append(proof, failure)
		text = strings.TrimPrefix(text+": ", ": ") + health.FirstLine(failure.Value)
	}
	details := detailFields
	if state.path == "status.ceph.health" {
		for _, detail := range cephDetails(obj) {
			proof, text = append(proof, detail), text+"; "+health.FirstLine(detail.Value)
		}
	}
	if up || strings.Count(state.path, ".") > 1 { // the message is about something else
		details = nil
	}
	for _, detail := range QuoteFields(obj, details...) {
		if detail.Field == failure.Field {
			continue
		}
		proof = append(proof, detail)
		if !failed && !strings.HasPrefix(detail.Value, "{") {
			text, failed = text+": "+health.FirstLine(detail.Value), true
		}
	}
	proof = append(proof, QuoteFields(obj, countFields...)...)
	code, severity := engine.CodeOtherNotReady, finding.Critical
	switch status {
	case health.Progressing:
		code, severity = engine.CodeUnderWay, finding.Warning
	case health.Suspended:
		code, severity = engine.CodeHalted, finding.Info
	}
	if up && severity == finding.Critical {
		severity = finding.Warning
	}
	return OwnFinding(obj, status, code, severity, reason, text, time.Time{}, proof...), true
}

// judgeParents reports a route or policy (Gateway API v1) without a report of a controller
// about its parents.
func judgeParents(obj *unstructured.Unstructured) (engine.Result, bool) {
	parents := object.List(obj.Object, "spec", "parentRefs")
	if len(parents) == 0 || len(object.List(obj.Object, "status", "parents")) > 0 {
		return engine.Result{}, false
	}
	return OwnFinding(obj, health.Progressing, engine.CodeUnderWay, finding.Warning, "NotAccepted", "no controller has reported on its parents yet",
		obj.GetCreationTimestamp().Time, QuoteFields(obj, "spec.parentRefs[0].kind", "spec.parentRefs[0].namespace", "spec.parentRefs[0].name")...), true
}

// JudgeSuspended reports an object that is suspended by its spec.
func JudgeSuspended(obj *unstructured.Unstructured) (engine.Result, bool) {
	for _, path := range []string{"suspend", "suspended", "paused"} {
		if object.Bool(obj.Object, "spec", path) {
			return OwnFinding(obj, health.Suspended, engine.CodeHalted, finding.Info, "Suspended", "spec."+path+" is true", time.Time{},
				QuoteFields(obj, "spec."+path)...), true
		}
	}
	return engine.Result{}, false
}

// ReadyOrUnknown is Ready if the object itself reports that it works, and Unknown if it
// reports nothing: Ready is never the default.
func ReadyOrUnknown(obj *unstructured.Unstructured, conditions []Condition) engine.Result {
	for _, c := range conditions {
		if c.judges() && polarityOf(c.Type) != fault || c.summary() {
			return ReadyResult(obj, c.Since)
		}
	}
	if state, known := ownWord(obj); known && state.status == health.Ready {
		return ReadyResult(obj, time.Time{})
	}
	_, counted := object.Map(obj.Object, "status")["readyReplicas"].(int64)
	if _, requested := object.Map(obj.Object, "spec")["replicas"].(int64); counted && requested {
		return ReadyResult(obj, time.Time{})
	}
	for _, c := range conditions {
		if c.judges() {
			return ReadyResult(obj, c.Since) // no condition reports a problem
		}
	}
	why := "no known field of its status shows whether it works"
	if len(object.Map(obj.Object, "status")) == 0 {
		why = "it has no status"
	}
	return engine.Result{Verdict: NotJudged(obj, why)}
}

// NotJudged is the verdict on an object whose state can't be judged.
func NotJudged(obj *unstructured.Unstructured, why string) health.Verdict {
	return health.Verdict{Ref: object.RefOf(obj), Status: health.Unknown, Reason: "NotJudged", Message: "its state can't be judged: " + why}
}

// JudgeIstioAnalysis reads the messages of Istio's analysis (istio.io/api,
// analysis/v1alpha1: level, and a type with a code and a name).
func JudgeIstioAnalysis(obj *unstructured.Unstructured) (engine.Result, bool) {
	for i, message := range object.List(obj.Object, "status", "validationMessages") {
		level, path := object.Text(message, "level"), fmt.Sprintf("status.validationMessages[%d].", i)
		if level != "ERROR" && level != "WARNING" {
			continue
		}
		status, severity := health.Failing, finding.Critical
		if level == "WARNING" {
			severity = finding.Warning
		}
		name, code := object.Text(message, "type", "name"), object.Text(message, "type", "code")
		text := "Istio's analysis reports " + strings.TrimSpace(name+" "+code)
		return OwnFinding(obj, status, engine.CodeOtherNotReady, severity, name, text, time.Time{},
			QuoteFields(obj, path+"level", path+"type.code", path+"type.name", path+"documentationUrl")...), true
	}
	return engine.Result{}, false
}

// ExplainOther uses what the object reports about itself, for kinds without an explainer.
// What may still become ready is not a cause, unless something above it has failed because of
// it.
func ExplainOther(x *engine.Context, obj *unstructured.Unstructured, failing bool) engine.Result {
	e := ownState(x, obj)
	switch {
	case e.Verdict.Status != health.Progressing:
	case !failing:
		e.Findings = nil
	default:
		for i := range e.Findings {
			e.Findings[i].Severity = finding.Critical
		}
	}
	return e
}
