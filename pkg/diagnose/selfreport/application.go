package selfreport

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// JudgeApplication judges by the status that Argo CD sets (argo-cd v2.13,
// pkg/apis/application/v1alpha1): its last operation, errors in conditions, the health
// of its objects, and whether they are as in Git.
func JudgeApplication(x *engine.Context, app *unstructured.Unstructured) engine.Result {
	if e, ok := JudgeDeleted(x, app); ok {
		return e
	}
	if e, ok := JudgeConditions(app, Conditions(app)); ok {
		return e
	}
	at := func(path ...string) string { return object.Text(app.Object, append([]string{"status"}, path...)...) }
	proof := QuoteFields(app, "status.health.status", "status.health.message", "status.sync.status", "status.operationState.phase", "status.operationState.message")
	if phase := at("operationState", "phase"); phase == "Failed" || phase == "Error" {
		return OwnFinding(app, health.Failing, engine.CodeOtherNotReady, finding.Critical, phase, "its last sync failed: "+health.FirstLine(at("operationState", "message")),
			object.Time(app.Object, "status", "operationState", "finishedAt"), proof...)
	}
	state := at("health", "status")
	text := "its health is " + state
	if message := health.FirstLine(at("health", "message")); message != "" {
		text += ": " + message
	}
	switch {
	case state == "Degraded" || state == "Missing":
		return OwnFinding(app, health.Failing, engine.CodeOtherNotReady, finding.Critical, state, text, time.Time{}, proof...)
	case state == "Progressing":
		return OwnFinding(app, health.Progressing, engine.CodeUnderWay, finding.Warning, state, text, time.Time{}, proof...)
	case state == "Suspended":
		return OwnFinding(app, health.Suspended, engine.CodeHalted, finding.Info, state, text, time.Time{}, proof...)
	case at("sync", "status") == "OutOfSync":
		return OwnFinding(app, health.Progressing, engine.CodeUnderWay, finding.Warning, "OutOfSync", "its objects differ from its source (OutOfSync)", time.Time{}, proof...)
	case state == "Healthy":
		return ReadyResult(app, time.Time{})
	}
	return ReadyOrUnknown(app, nil)
}
