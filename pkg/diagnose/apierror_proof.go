package diagnose

import (
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// proof is the condition or event of the object that holds the message. Where
// none holds exactly these words, it is what the object's Ready condition says.
func (r apiRefusal) proof() []finding.Evidence {
	obj := r.x.snap.Lookup(r.obj).Object
	if obj == nil {
		return nil
	}
	message := strings.TrimSpace(r.message)
	for _, entry := range field.List(obj.Object, "status", "conditions") {
		c := conditionOf(obj, field.Text(entry, "type"))
		if c.message == message && c.status != "" {
			return []finding.Evidence{evidence(obj, c.field(), c.reason+": "+c.message, c.since)}
		}
	}
	for _, e := range r.x.events[r.obj.Key()] {
		if e.message == message {
			return []finding.Evidence{said(r.obj, e)}
		}
	}
	if ready := conditionOf(obj, "Ready"); ready.status != "" {
		return []finding.Evidence{ready.proof(obj)}
	}
	return nil
}

// last is when the API server last refused it in these words, as far as events
// tell.
func (r apiRefusal) last() time.Time {
	last := r.at
	for _, e := range r.x.events[r.obj.Key()] {
		if e.message == strings.TrimSpace(r.message) && e.last.After(last) {
			last = e.last
		}
	}
	return last
}
