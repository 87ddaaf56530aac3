// Package helm parses the messages of helm-controller and of Helm.
package helm

import (
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/healthcheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// Failure is what helm-controller, or Helm itself, reports about a failed action.
type Failure struct {
	// Action is install, upgrade, test, rollback, uninstall or "uninstall
	// remediation"; empty if the message is from Helm alone.
	Action string
	// Namespace and Release are where the release is stored, from helm-controller 0.37
	// on; Revision is set for an existing revision.
	Namespace, Release string
	Revision           int
	Chart, Version     string
	Problem            Problem
	// Cause is the message of Helm, without the log that follows it. It includes the
	// refusal of the API server: Message.APIError parses it.
	Cause string

	// At is the position in a template that failed, for ProblemTemplate; Within is the
	// innermost template if one includes another, otherwise it equals At.
	At, Within Position
	// Hook is the type of hook, such as "pre-install", for ProblemHook.
	Hook string
	// Objects are those that did not become ready, or those of the hook that failed.
	Objects []healthcheck.Item
	// Values is set for ProblemValues.
	Values ValuesReference
	// Record is the Secret or ConfigMap of one revision, if the message names it.
	Record string
	// Attempts is set for ProblemRetriesExhausted if the message has the number.
	Attempts int
	// Trigger is the object whose change canceled an action, for ProblemCanceled if the
	// message names it.
	Trigger match.Object
}

// Problem is the kind of failure.
type Problem string

// The problems a Failure has (helm-controller 1.6.1, internal/reconcile and
// internal/action; helm.sh/helm/v4 4.2.4, pkg/action).
const (
	ProblemTemplate          Problem = "Template"
	ProblemHook              Problem = "Hook"
	ProblemNotReady          Problem = "NotReady" // the wait for its objects timed out, or one failed
	ProblemValues            Problem = "Values"   // an entry of spec.valuesFrom
	ProblemSchema            Problem = "Schema"   // values that the chart does not allow
	ProblemRetriesExhausted  Problem = "RetriesExhausted"
	ProblemNoRollbackTarget  Problem = "MissingRollbackTarget"
	ProblemPending           Problem = "Pending"   // another operation is, or was, in progress
	ProblemNameInUse         Problem = "NameInUse" // Helm has a release that Flux does not know of
	ProblemKubernetesVersion Problem = "KubernetesVersion"
	ProblemCanceled          Problem = "Canceled" // by a newer reconciliation, or a restart
	ProblemPostRender        Problem = "PostRender"
	ProblemOther             Problem = "Other"

	// The manifest that Helm has stored of the release can no longer be read by this
	// API server.
	ProblemStoredManifest Problem = "StoredManifest"
	// The release was never deployed, and can't be upgraded.
	ProblemNoDeployed Problem = "NoDeployedReleases"
	// The record of the revision that Helm writes already exists.
	ProblemRecordExists Problem = "RecordExists"
	// A record can't be decoded.
	ProblemRecordUnreadable Problem = "RecordUnreadable"
	// Helm has no record of the release, or of the revision.
	ProblemRecordMissing Problem = "RecordMissing"
)

const (
	releaseShape = `(?P<namespace>` + match.NamespaceShape + `)/(?P<release>[a-z0-9][-a-z0-9.]*?)(?:\.v(?P<revision>\d{1,9}))?`
	chartShape   = `(?P<chart>[^\s@:]+)@(?P<version>[^\s:]+)`
)

var helmFailures = []*match.Pattern{
	// helm-controller 1.6.1, internal/reconcile; from 0.37 on.
	match.Wording(`(?s)^Helm (?P<action>install|upgrade|test|uninstall) failed for release ` + releaseShape + ` with chart ` + chartShape + `: (?P<cause>.*)$`),
	match.Wording(`(?s)^Helm (?P<action>rollback) to previous release ` + releaseShape + ` with chart ` + chartShape + ` failed: (?P<cause>.*)$`),
	match.Wording(`(?s)^Helm (?P<action>uninstall remediation) for release ` + releaseShape + ` with chart ` + chartShape + ` failed: (?P<cause>.*)$`),
	// helm-controller 0.36 and older.
	match.Wording(`(?s)^Helm (?P<action>install|upgrade|test|rollback|uninstall) failed: (?P<cause>.*)$`),
	// Helm's description of a failed release (helm.sh/helm/v4 4.2.4,
	// pkg/action/install.go and upgrade.go).
	match.Wording(`(?s)^(?P<action>Release|Upgrade) "[^"\s]+" failed: (?P<cause>.*)$`),
}

// NotReady are the objects that did not become ready. helm-controller 1.6 waits in the
// same way as kustomize-controller, and reports them in the same wording.
func (h Failure) NotReady() []healthcheck.Item {
	if len(h.Objects) > 0 {
		return h.Objects
	}
	for _, list := range []string{healthcheck.StalledOn, healthcheck.WaitingFor} {
		if at := strings.Index(h.Cause, list); at >= 0 {
			check, _ := healthcheck.Parse(h.Cause[at:])
			return check.Items
		}
	}
	return nil
}

// Parse parses the failure of a Helm action. A message of Helm without a wrapper is
// accepted too, as in the release storage, if its wording is specific to Helm.
func Parse(message string) (Failure, bool) {
	text := strings.TrimSpace(match.Bound(message))
	if helm, ok := parseHelmState(text); ok {
		return helm, true
	}
	for _, expression := range helmFailures {
		found := match.Groups(expression, text)
		if found == nil {
			continue
		}
		helm := Failure{Action: found["action"], Namespace: found["namespace"], Release: found["release"], Chart: match.Word(found["chart"]), Version: match.Word(found["version"])}
		switch helm.Action {
		case "Release":
			helm.Action = "install"
		case "Upgrade":
			helm.Action = "upgrade"
		}
		if found["revision"] != "" {
			helm.Revision, _ = strconv.Atoi(found["revision"]) // nine digits at most
		}
		if len(helm.Namespace) > match.MaxLabel || len(helm.Release) > match.MaxName {
			return Failure{}, false
		}
		helm.readCause(found["cause"])
		return helm, true
	}
	var helm Failure
	helm.readCause(text)
	return helm, helm.Problem == ProblemTemplate || helm.Problem == ProblemHook || (helm.Problem == ProblemNotReady && len(helm.Objects) > 0)
}
