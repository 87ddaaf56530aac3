package diagnose

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// conventional judges an object of any kind by the conventions that controllers share:
// those of kstatus (cli-utils, pkg/kstatus/README.md), then conditions with a known
// polarity, then words for states. An object without any of them is Unknown.
func conventional(x *examiner, obj *unstructured.Unstructured) exam {
	if e, ok := x.deleted(obj); ok {
		return e
	}
	if e, ok := specUnobserved(obj); ok {
		return e
	}
	conditions := ownConditions(obj)
	if e, ok := byConditions(obj, conditions); ok {
		return e
	}
	if e, ok := byWords(obj, summedUp(conditions)); ok {
		return e
	}
	if e, ok := byReplicas(obj); ok {
		return e
	}
	if e, ok := unclaimed(obj); ok {
		return e
	}
	if e, ok := suspendedBySpec(obj); ok {
		return e
	}
	if e, ok := byFlag(obj); ok && !summedUp(conditions) {
		return e
	}
	if e, ok := byViolations(obj); ok {
		return e
	}
	if e, ok := byScale(obj); ok && !summedUp(conditions) {
		return e
	}
	return readyOrUnknown(obj, conditions)
}

// ownFinding is the exam for what an object reports about itself.
func ownFinding(obj *unstructured.Unstructured, status health.Status, code finding.Code, severity finding.Severity, reason, says string, since time.Time, proof ...finding.Evidence) exam {
	ref := finding.RefOf(obj)
	verbs := map[health.Status]string{
		health.Failing: "is not ready", health.Progressing: "is not ready yet", health.Suspended: "is suspended", health.Ready: "is ready, but",
	}
	message := ref.String() + " " + verbs[status] + ": " + says
	if status == health.Ready {
		message = ref.String() + " " + verbs[status] + " " + says
	}
	return exam{
		verdict: health.Verdict{Ref: ref, Status: status, Reason: health.Reason(reason), Message: says, Since: since},
		findings: []finding.Finding{{
			Code: code, Ref: ref, Reason: reason, Severity: severity, Since: since, Message: message, Evidence: proof,
			Fixes: []finding.Fix{{Text: "Check its events and what its controller reports about it", Command: inspectCommand(ref)}},
		}},
	}
}

// readyExam is the exam of an object without a problem.
func readyExam(obj *unstructured.Unstructured, since time.Time) exam {
	if since.IsZero() {
		since = obj.GetCreationTimestamp().Time
	}
	return exam{verdict: health.Verdict{Ref: finding.RefOf(obj), Status: health.Ready, Since: since}}
}

// inspectCommand is the command that shows an object of any kind.
func inspectCommand(ref finding.Ref) string {
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

// deleted reports an object that is being deleted, with the finalizers that it waits
// for.
func (x *examiner) deleted(obj *unstructured.Unstructured) (exam, bool) {
	at := obj.GetDeletionTimestamp()
	if at == nil {
		return exam{}, false
	}
	proof := quoteFields(obj, "metadata.deletionTimestamp")
	says := "it is being deleted"
	finalizers := obj.GetFinalizers()
	for i := range finalizers {
		proof = append(proof, quoteFields(obj, fmt.Sprintf("metadata.finalizers[%d]", i))...)
	}
	if len(finalizers) > 0 {
		says += ", and waits for the finalizers " + strings.Join(finalizers, ", ")
	}
	if why, proves, ok := obstacle(obj); ok {
		says += "; " + why
		proof = append(proof, proves)
	}
	status, severity := health.Progressing, finding.Warning
	if x.now.Sub(at.Time) > deletionGrace {
		status, severity = health.Failing, finding.Critical
	}
	e := ownFinding(obj, status, codeBeingDeleted, severity, "Terminating", says, at.Time, proof...)
	e.findings[0].Message = strings.Replace(finding.RefOf(obj).String()+" "+says, " it is", " is", 1)
	return e, true
}

// obstacle is what prevents a deletion according to the object itself.
func obstacle(obj *unstructured.Unstructured) (string, finding.Evidence, bool) {
	for _, path := range []string{"status.detachError.message", "status.error.message"} {
		for _, proof := range quoteFields(obj, path) {
			return firstLine(proof.Value), proof, true
		}
	}
	for _, c := range ownConditions(obj) {
		if c.verdict() != health.Ready && !tellsProgress(c.Reason) && c.Message != "" {
			return firstLine(c.Message), c.proof(obj), true
		}
	}
	return "", finding.Evidence{}, false
}

// specUnobserved reports an object whose controller has not observed its newest spec.
func specUnobserved(obj *unstructured.Unstructured) (exam, bool) {
	generation := obj.GetGeneration()
	path, observed := "status.observedGeneration", observedGeneration(obj)
	if observed == 0 {
		for _, c := range ownConditions(obj) {
			if c.ObservedGeneration > 0 && c.judges() {
				path, observed = c.Path+".observedGeneration", c.ObservedGeneration
				break
			}
		}
	}
	suspended := field.Bool(obj.Object, "spec", "suspend") // Flux's controllers then no longer look at it
	if observed == 0 || observed >= generation || suspended {
		return exam{}, false
	}
	says := fmt.Sprintf("its controller has not observed generation %d of its spec yet, only generation %d", generation, observed)
	return ownFinding(obj, health.Progressing, codeUnderWay, finding.Warning, "NotYetObserved", says, time.Time{},
		quoteFields(obj, "metadata.generation", path)...), true
}

// observedGeneration is the generation that the controller has observed; Argo Rollouts
// has it as text.
func observedGeneration(obj *unstructured.Unstructured) int64 {
	if n, err := strconv.ParseInt(field.Text(obj.Object, "status", "observedGeneration"), 10, 64); err == nil {
		return n
	}
	return field.Int(obj.Object, "status", "observedGeneration")
}

// summedUp reports whether a condition that summarizes the others is True.
func summedUp(conditions []ownCondition) bool {
	for _, c := range conditions {
		if c.summary() && c.Status == "True" {
			return true
		}
	}
	return false
}

// byConditions judges by the worst condition. If a condition that summarizes the others
// is True, conditions in progress do not count, and failures are warnings.
func byConditions(obj *unstructured.Unstructured, conditions []ownCondition) (exam, bool) {
	up := summedUp(conditions)
	var worst ownCondition
	worstStatus := health.Ready
	var proof []finding.Evidence
	for _, c := range conditions {
		status := c.verdict()
		if up && status == health.Progressing && polarityOf(c.Type) != working || status == health.Ready {
			continue
		}
		proof = append(proof, c.proof(obj))
		if preferred(c, status, worst, worstStatus) {
			worst, worstStatus = c, status
		}
	}
	if worstStatus == health.Ready {
		return exam{}, false
	}
	if why, ok := failedStep(conditions); ok && !up && worst.Message == "" && worstStatus != health.Suspended {
		worst, worstStatus = why, health.Failing
		proof = append(proof, why.proof(obj))
	}
	word, known := ownWord(obj)
	if worstStatus == health.Failing && worst.summary() && !tellsFailure(worst.Reason) && known && word.status != health.Ready {
		worstStatus = word.status // "Stopped", "Provisioning": why it is not ready
	}
	code, severity := codeOtherNotReady, finding.Critical
	switch {
	case worstStatus == health.Suspended:
		code, severity = codeHalted, finding.Info
	case worstStatus == health.Progressing:
		code, severity = codeUnderWay, finding.Warning
	case up || worst.Severity == "Warning" || worst.Type == "Warning":
		severity = finding.Warning
	}
	says, more := worst.says(), conditionDetails(obj, word, known && word.status == worstStatus, worst)
	for _, detail := range more {
		if line := firstLine(detail.Value); !strings.Contains(says, line) {
			says += "; " + strings.TrimPrefix(detail.Field, "status.") + ": " + line
		}
	}
	return ownFinding(obj, worstStatus, code, severity, worst.Reason, says, worst.Since, append(proof, more...)...), true
}

// failedStep is a condition of a type without a known polarity that is False, with a
// reason that indicates a failure: it explains why an object is not ready (CDI
// DataVolume: Running is False, Error).
func failedStep(conditions []ownCondition) (ownCondition, bool) {
	for _, c := range conditions {
		if polarityOf(c.Type) == neutral && c.Status == "False" && tellsFailure(c.Reason) && c.Message != "" {
			return c, true
		}
	}
	return ownCondition{}, false
}

// conditionDetails is what other fields add to a condition: the word for the state, with its
// details, and the error. A specific condition needs none of them.
func conditionDetails(obj *unstructured.Unstructured, word word, agrees bool, worst ownCondition) []finding.Evidence {
	var more []finding.Evidence
	if failure, failed := ownError(obj); failed {
		more = append(more, failure)
	}
	if !agrees {
		return more
	}
	more = append(more, quoteFields(obj, word.path)...)
	if strings.Count(word.path, ".") == 1 && (worst.summary() || word.status == health.Failing) {
		more = append(more, quoteFields(obj, "status.message", "status.phaseReason")...)
	}
	return more
}

// preferred reports whether a condition is more informative than the worst so far: a
// worse one, or of two equally bad ones, the one whose reason indicates a failure, or
// that has a message.
func preferred(c ownCondition, status health.Status, worst ownCondition, worstStatus health.Status) bool {
	if status != worstStatus {
		return status.Worse(worstStatus)
	}
	return c.weight() > worst.weight()
}

func (c ownCondition) weight() int {
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
	if polarityOf(c.Type) == fault { // it says what is wrong, and not only that something is
		weight++
	}
	if c.Type == "Stalled" {
		weight += 4
	}
	return weight
}

// byWords judges by a word for the state, and by the errors that the object reports.
func byWords(obj *unstructured.Unstructured, up bool) (exam, bool) {
	said, known := ownWord(obj)
	failure, failed := ownError(obj)
	if !failed && (!known || said.status == health.Ready) || up && !failed && said.status == health.Progressing {
		return exam{}, false
	}
	status := said.status
	if failed && status != health.Failing {
		status = health.Failing
	}
	var proof []finding.Evidence
	says, reason := "", said.value
	if known {
		proof, says = quoteFields(obj, said.path), said.path+" is "+said.value
	}
	if failed {
		proof = append(proof, failure)
		says = strings.TrimPrefix(says+": ", ": ") + firstLine(failure.Value)
	}
	details := detailFields
	if said.path == "status.ceph.health" {
		for _, detail := range cephDetails(obj) {
			proof, says = append(proof, detail), says+"; "+firstLine(detail.Value)
		}
	}
	if up || strings.Count(said.path, ".") > 1 { // the message is about something else
		details = nil
	}
	for _, detail := range quoteFields(obj, details...) {
		if detail.Field == failure.Field {
			continue
		}
		proof = append(proof, detail)
		if !failed && !strings.HasPrefix(detail.Value, "{") {
			says, failed = says+": "+firstLine(detail.Value), true
		}
	}
	proof = append(proof, quoteFields(obj, countFields...)...)
	code, severity := codeOtherNotReady, finding.Critical
	switch status {
	case health.Progressing:
		code, severity = codeUnderWay, finding.Warning
	case health.Suspended:
		code, severity = codeHalted, finding.Info
	}
	if up && severity == finding.Critical {
		severity = finding.Warning
	}
	return ownFinding(obj, status, code, severity, reason, says, time.Time{}, proof...), true
}

// unclaimed reports a route or policy (Gateway API v1) without a report of a controller
// about its parents.
func unclaimed(obj *unstructured.Unstructured) (exam, bool) {
	parents := field.List(obj.Object, "spec", "parentRefs")
	if len(parents) == 0 || len(field.List(obj.Object, "status", "parents")) > 0 {
		return exam{}, false
	}
	return ownFinding(obj, health.Progressing, codeUnderWay, finding.Warning, "NotAccepted", "no controller has reported on its parents yet",
		obj.GetCreationTimestamp().Time, quoteFields(obj, "spec.parentRefs[0].kind", "spec.parentRefs[0].namespace", "spec.parentRefs[0].name")...), true
}

// suspendedBySpec reports an object that is suspended by its spec.
func suspendedBySpec(obj *unstructured.Unstructured) (exam, bool) {
	for _, path := range []string{"suspend", "suspended", "paused"} {
		if field.Bool(obj.Object, "spec", path) {
			return ownFinding(obj, health.Suspended, codeHalted, finding.Info, "Suspended", "spec."+path+" is true", time.Time{},
				quoteFields(obj, "spec."+path)...), true
		}
	}
	return exam{}, false
}

// readyOrUnknown is Ready if the object itself reports that it works, and Unknown if it
// reports nothing: Ready is never the default.
func readyOrUnknown(obj *unstructured.Unstructured, conditions []ownCondition) exam {
	for _, c := range conditions {
		if c.judges() && polarityOf(c.Type) != fault || c.summary() {
			return readyExam(obj, c.Since)
		}
	}
	if said, known := ownWord(obj); known && said.status == health.Ready {
		return readyExam(obj, time.Time{})
	}
	_, counted := field.Map(obj.Object, "status")["readyReplicas"].(int64)
	if _, asked := field.Map(obj.Object, "spec")["replicas"].(int64); counted && asked {
		return readyExam(obj, time.Time{})
	}
	for _, c := range conditions {
		if c.judges() {
			return readyExam(obj, c.Since) // all that could be wrong is not
		}
	}
	why := "no known field of its status shows whether it works"
	if len(field.Map(obj.Object, "status")) == 0 {
		why = "it has no status"
	}
	return exam{verdict: notJudged(obj, why)}
}

// notJudged is the verdict on an object whose state can't be judged.
func notJudged(obj *unstructured.Unstructured, why string) health.Verdict {
	return health.Verdict{Ref: finding.RefOf(obj), Status: health.Unknown, Reason: "NotJudged", Message: "its state can't be judged: " + why}
}
