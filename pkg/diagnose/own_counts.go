package diagnose

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// byReplicas judges by the desired and the ready replicas.
func byReplicas(obj *unstructured.Unstructured) (exam, bool) {
	for _, path := range []string{"readyReplicas", "availableReplicas"} {
		have, counted := field.Map(obj.Object, "status")[path].(int64)
		want, asked := field.Map(obj.Object, "spec")["replicas"].(int64)
		if counted && asked && have < want {
			says := fmt.Sprintf("%d of %d replicas are ready", have, want)
			return ownFinding(obj, health.Progressing, codeUnderWay, finding.Warning, "ReplicasNotReady", says, time.Time{},
				quoteFields(obj, "spec.replicas", "status."+path)...), true
		}
	}
	return exam{}, false
}

// byScale judges by the ready and the desired replicas as text: "1/1" (OpenTelemetry
// operator v0.130, status.scale.statusReplicas).
func byScale(obj *unstructured.Unstructured) (exam, bool) {
	const path = "status.scale.statusReplicas"
	have, want, ok := strings.Cut(field.Text(obj.Object, "status", "scale", "statusReplicas"), "/")
	ready, err := strconv.Atoi(have)
	wanted, wrong := strconv.Atoi(want)
	switch {
	case !ok || err != nil || wrong != nil:
		return exam{}, false
	case ready >= wanted:
		return readyExam(obj, time.Time{}), true
	}
	return ownFinding(obj, health.Progressing, codeUnderWay, finding.Warning, "ReplicasNotReady", fmt.Sprintf("%d of %d replicas are ready", ready, wanted), time.Time{},
		quoteFields(obj, path)...), true
}

// byFlag judges by status.ready, which providers of Cluster API and others set instead
// of a condition, and by status.created of Gatekeeper.
func byFlag(obj *unstructured.Unstructured) (exam, bool) {
	for _, name := range []string{"ready", "created"} {
		set, known := field.Map(obj.Object, "status")[name].(bool)
		switch {
		case !known:
			continue
		case set:
			return readyExam(obj, time.Time{}), true
		}
		path := "status." + name
		return ownFinding(obj, health.Progressing, codeUnderWay, finding.Warning, "NotReady", path+" is false", time.Time{}, quoteFields(obj, path)...), true
	}
	return exam{}, false
}

// byViolations judges by the result of the Gatekeeper audit (gatekeeper v3.20,
// constraints: status.totalViolations). The constraint itself works.
func byViolations(obj *unstructured.Unstructured) (exam, bool) {
	total, known := field.Map(obj.Object, "status")["totalViolations"].(int64)
	if !known {
		return exam{}, false
	}
	e := readyExam(obj, time.Time{})
	if total > 0 {
		const first = "status.violations[0]."
		says := fmt.Sprintf("objects violate it: %d", total)
		if message := field.List(obj.Object, "status", "violations"); len(message) > 0 {
			says += ", the first: " + firstLine(field.Text(message[0], "message"))
		}
		e.findings = ownFinding(obj, health.Ready, codeOwnWarning, finding.Warning, "Violations", says, field.Time(obj.Object, "status", "auditTimestamp"),
			quoteFields(obj, "status.totalViolations", first+"kind", first+"namespace", first+"name", first+"message")...).findings
	}
	return e, true
}
