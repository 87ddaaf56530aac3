package health

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// warning is the newest Warning event about an object.
type warning struct {
	reason, message string
	// first and at are when it was first and last given.
	first, at time.Time
}

func (w warning) try() try { return try{w.reason, w.message, w.at} }

// notFailures are reasons of Warning events that report no failed try.
var notFailures = map[string]bool{
	"DependencyNotReady": true, "HealthCheckCanceled": true, "Progressing": true,
	// helm-controller v1.6: seen on the side, by a try that goes on.
	"DriftDetected": true, "InventoryBuildFailed": true, "NamespaceCheckSkipped": true,
}

// latestWarnings indexes the Warning events about Flux's objects.
func latestWarnings(snap *snapshot.Snapshot) map[finding.Key]warning {
	latest := map[finding.Key]warning{}
	for _, event := range snap.List(EventKind, "").Objects {
		kind := field.Text(event.Object, "involvedObject", "kind")
		reason := field.Text(event.Object, "reason")
		if field.Text(event.Object, "type") != "Warning" || kind != "Kustomization" && kind != "HelmRelease" || notFailures[reason] {
			continue
		}
		about := finding.Ref{
			APIVersion: field.Text(event.Object, "involvedObject", "apiVersion"),
			Kind:       kind,
			Namespace:  field.Text(event.Object, "involvedObject", "namespace"),
			Name:       field.Text(event.Object, "involvedObject", "name"),
		}.Key()
		found := warning{
			reason:  reason,
			message: field.Text(event.Object, "message"),
			first:   field.FirstTime(event.Object, []string{"firstTimestamp"}, []string{"eventTime"}),
			at:      field.FirstTime(event.Object, []string{"series", "lastObservedTime"}, []string{"lastTimestamp"}, []string{"eventTime"}, []string{"firstTimestamp"}),
		}
		if known, ok := latest[about]; !ok || found.at.After(known.at) {
			latest[about] = found
		}
	}
	return latest
}

// warningAbout is the newest Warning event about the object itself, rather than
// about one of the same name before it.
func (a *Assessor) warningAbout(obj *unstructured.Unstructured) (warning, bool) {
	event, ok := a.warnings[finding.RefOf(obj).Key()]
	if !ok || event.at.Before(obj.GetCreationTimestamp().Time) {
		return warning{}, false
	}
	return event, true
}
