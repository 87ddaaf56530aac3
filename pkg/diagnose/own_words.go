package diagnose

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// stateFields are where kinds without conditions write their state in a word.
var stateFields = []string{
	"status.phase", "status.state", "status.health", "status.health.status", "status.status", "status.printableStatus",
	"status.ceph.health", "status.robustness", "status.PostgresClusterStatus", "status.compliant", "status.applicationState.state",
}

// stateWords are the words for states that many kinds share, in lower case.
var stateWords = wordsByState()

func wordsByState() map[string]health.Status {
	stateWords := map[string]health.Status{}
	for status, words := range map[health.Status]string{
		health.Ready: "active attached available bound complete compliant completed connected deployed enabled finished green health_ok healthy installed normal " +
			"ok online provisioned ready running succeeded success successful synced valid",
		health.Progressing: "creating deleting deploying finalizing inprogress initializing installing issuing new pending progressing " +
			"provisioning queued reconciling scaling scheduled scheduling starting terminating updating upgrading waiting yellow",
		health.Failing: "broken cancelled canceled crashloopbackoff degraded denied errimagepull error errored expired failed failedvalidation failure " +
			"faulted finalizingpartiallyfailed health_err health_warn invalid lost missing noncompliant partiallyfailed partiallyfinished red rejected " +
			"released unavailable unhealthy unschedulable " +
			"createfailed createaddfailed updatefailed syncfailed errorunschedulable errorpvcnotfound failedunmountvolume imagepullbackoff",
		health.Suspended: "disabled halted paused stopped suspended",
	} {
		for word := range strings.FieldsSeq(words) {
			stateWords[word] = status
		}
	}
	return stateWords
}

// word is a field of an object that says its state in a word.
type word struct {
	path, value string
	status      health.Status
}

// ownWord is the worst of what an object says of its state in a word.
func ownWord(obj *unstructured.Unstructured) (word, bool) {
	var found word
	for _, path := range stateFields {
		value, ok := field.Read(obj.Object, path)
		text, isText := value.(string)
		if !ok || !isText {
			continue
		}
		status, known := stateWords[strings.ToLower(text)]
		if known && (found.path == "" || status.Worse(found.status)) {
			found = word{path, text, status}
		}
	}
	return found, found.path != ""
}

// errorFields are where kinds write what went wrong.
var errorFields = []string{
	"status.failureMessage", "status.errorMessage", "status.applicationState.errorMessage", "status.byPod[0].errors[0].message", "status.error.message", "status.error", "status.failureReason",
}

// detailFields say more about a state than its word.
var detailFields = []string{"status.message", "status.reason", "status.statusReason", "status.failureReason", "status.lastError"}

// ownError is the field in which an object says what went wrong.
func ownError(obj *unstructured.Unstructured) (finding.Evidence, bool) {
	for _, path := range errorFields {
		if text, ok := field.Read(obj.Object, path); ok {
			if message, isText := text.(string); isText && strings.TrimSpace(message) != "" {
				return evidence(obj, path, message, time.Time{}), true
			}
		}
	}
	return finding.Evidence{}, false
}

// quoteFields are those of an object's fields that it has, as evidence.
func quoteFields(obj *unstructured.Unstructured, paths ...string) []finding.Evidence {
	var proof []finding.Evidence
	for _, path := range paths {
		if value, ok := field.Quote(obj.Object, path); ok && value != "" {
			proof = append(proof, evidence(obj, path, value, time.Time{}))
		}
	}
	return proof
}
