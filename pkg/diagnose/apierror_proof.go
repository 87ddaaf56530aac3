package diagnose

import (
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// proof quotes the condition or event of the object that contains the message, or its
// Ready condition if none does.
func (r apiRefusal) proof() []finding.Evidence {
	obj := r.x.snap.Lookup(r.obj).Object
	if obj == nil {
		return nil
	}
	message := strings.TrimSpace(r.message)
	for _, c := range field.Conditions(field.Map(obj.Object, "status"), "status") {
		if c.Message == message && c.Status != "" {
			return []finding.Evidence{quote(obj, c)}
		}
	}
	for _, e := range r.x.health.Warnings[r.obj.Key()] {
		if e.Message == message {
			return []finding.Evidence{eventEvidence(r.obj, e)}
		}
	}
	if ready := field.ConditionOf(obj, "Ready"); ready.Status != "" {
		return []finding.Evidence{quoteWithStatus(obj, ready)}
	}
	return nil
}

// last is when the API server last rejected the request with this message, according to
// events.
func (r apiRefusal) last() time.Time {
	last := r.at
	for _, e := range r.x.health.Warnings[r.obj.Key()] {
		if e.Message == strings.TrimSpace(r.message) && e.Last.After(last) {
			last = e.Last
		}
	}
	return last
}
