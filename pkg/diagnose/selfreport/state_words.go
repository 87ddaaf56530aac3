package selfreport

import (
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// stateFields are the fields in which kinds without conditions have a word for their
// state.
var stateFields = []string{
	"status.phase", "status.state", "status.health", "status.health.status", "status.status", "status.printableStatus",
	"status.ceph.health", "status.robustness", "status.PostgresClusterStatus", "status.compliant", "status.applicationState.state",
	"status.healthStatus", "status.currentState", "status.connectionState.lastObservedState",
}

// stateWords are the words for states that many kinds share, in lower case.
var stateWords = wordsByState()

func wordsByState() map[string]health.Status {
	stateWords := map[string]health.Status{}
	for status, words := range map[health.Status]string{
		health.Ready: "active attached available bound complete compliant completed connected deployed enabled finished green health_ok healthy installed normal " +
			"ok online provisioned ready running succeeded success successful synced valid",
		health.Progressing: "creating deleting deploying finalizing inprogress initializing installing issuing new pending progressing " +
			"provisioning queued connecting requiresapproval reconciling regenerating restoring disconnecting notready waitingforidentity waitingtoregenerate scaling scheduled scheduling starting terminating updating upgrading waiting yellow",
		health.Failing: "broken cancelled canceled crashloopbackoff degraded denied errimagepull error errored expired failed failedvalidation failure " +
			"faulted finalizingpartiallyfailed health_err health_warn invalid lost missing noncompliant partiallyfailed partiallyfinished red rejected " +
			"released transientfailure unavailable unhealthy unschedulable " +
			"createfailed createaddfailed updatefailed syncfailed errorunschedulable errorpvcnotfound failedunmountvolume imagepullbackoff",
		health.Suspended: "disabled halted paused stopped suspended",
	} {
		for word := range strings.FieldsSeq(words) {
			stateWords[word] = status
		}
	}
	return stateWords
}

// statePhrases are parts of states of several words, in lower case; the first match
// counts (CloudNativePG v1.27, api/v1/cluster_types.go, Phase constants).
var statePhrases = []struct {
	part   string
	status health.Status
}{
	{"unrecoverable", health.Failing}, {"cannot ", health.Failing}, {"unable to ", health.Failing}, {"not enough ", health.Failing},
	{"invalid ", health.Failing}, {" failed", health.Failing}, {"waiting for user", health.Suspended},
	{" in progress", health.Progressing}, {" being ", health.Progressing}, {" delayed", health.Progressing}, {"failing over", health.Progressing},
	{"setting up ", health.Progressing}, {"creating ", health.Progressing}, {"upgrading ", health.Progressing}, {"applying ", health.Progressing},
	{"waiting for ", health.Progressing}, {"promoting ", health.Progressing}, {" healthy state", health.Ready},
}

// stateOf is the meaning of one or several words for a state. Hyphens and underscores
// are ignored.
func stateOf(text string) (health.Status, bool) {
	lower := strings.ToLower(strings.TrimSpace(text))
	for _, word := range []string{lower, strings.NewReplacer("-", "", "_", "").Replace(lower)} {
		if status, known := stateWords[word]; known {
			return status, true
		}
	}
	if !strings.Contains(lower, " ") {
		return "", false
	}
	for _, phrase := range statePhrases {
		if strings.Contains(lower, phrase.part) {
			return phrase.status, true
		}
	}
	return "", false
}

// word is a field of an object with a word for its state.
type word struct {
	path, value string
	status      health.Status
}

// ownWord is the worst of the words for the state of an object.
func ownWord(obj *unstructured.Unstructured) (word, bool) {
	var found word
	for _, path := range stateFields {
		value, ok := object.Read(obj.Object, path)
		text, isText := value.(string)
		if !ok || !isText {
			continue
		}
		status, known := stateOf(text)
		if known && (found.path == "" || status.Worse(found.status)) {
			found = word{path, text, status}
		}
	}
	return found, found.path != ""
}

// errorFields are the fields in which kinds report errors.
var errorFields = []string{
	"status.failureMessage", "status.errorMessage", "status.applicationState.errorMessage", "status.byPod[0].errors[0].message", "status.error.message", "status.error", "status.failureReason", "status.validationErrors[0]",
}

// detailFields add details to the word for a state.
var detailFields = []string{"status.message", "status.reason", "status.statusReason", "status.phaseReason", "status.failureReason", "status.lastError"}

// countFields count errors and warnings: of Velero backups and restores.
var countFields = []string{"status.errors", "status.warnings"}

// cephDetails are the reasons why the health of a Ceph cluster is not HEALTH_OK (rook
// v1.18, CephHealthMessage), by the name of the check.
func cephDetails(obj *unstructured.Unstructured) []finding.Evidence {
	var proof []finding.Evidence
	for _, check := range slices.Sorted(maps.Keys(object.Map(obj.Object, "status", "ceph", "details"))) {
		proof = append(proof, QuoteFields(obj, "status.ceph.details["+check+"].message")...)
	}
	return proof
}

// ownError is the field in which an object reports an error.
func ownError(obj *unstructured.Unstructured) (finding.Evidence, bool) {
	for _, path := range errorFields {
		if text, ok := object.Read(obj.Object, path); ok {
			if message, isText := text.(string); isText && strings.TrimSpace(message) != "" {
				return engine.Evidence(obj, path, message, time.Time{}), true
			}
		}
	}
	return finding.Evidence{}, false
}

// QuoteFields are the given fields of an object that exist, as evidence.
func QuoteFields(obj *unstructured.Unstructured, paths ...string) []finding.Evidence {
	var proof []finding.Evidence
	for _, path := range paths {
		if value, ok := object.Quote(obj.Object, path); ok && value != "" {
			proof = append(proof, engine.Evidence(obj, path, value, time.Time{}))
		}
	}
	return proof
}
