package diagnose

import (
	"fmt"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// words are a message about a release's failure.
type words struct {
	reason, text string
	at           time.Time
	proof        finding.Evidence
}

// said are the messages in which Helm may have said what went wrong, the newest
// first: from helm-controller 0.37 on Helm's own words are in the Events, and
// once Flux has taken a failed release away again, nowhere else. Events from
// before the present row of failures are about something else.
func (r release) said() []words {
	if r.exam.verdict.Status != health.Failing {
		return nil
	}
	var all []words
	released := conditionOf(r.obj, "Released")
	for _, e := range r.x.warnings(r.obj) {
		if released.status == "False" && e.last.Before(released.since.Add(-time.Minute)) {
			continue
		}
		all = append(all, words{e.reason, e.message, e.first, said(r.exam.verdict.Ref, e)})
	}
	for _, kind := range []string{"Released", "TestSuccess", "Ready", "Stalled"} {
		if c := conditionOf(r.obj, kind); c.message != "" && (c.status == "False") == (kind != "Stalled") {
			all = append(all, words{c.reason, c.message, c.since, evidence(r.obj, c.field(), c.reason+": "+c.message, c.since)})
		}
	}
	return all
}

// helm reports what Helm stumbled over: a template, a hook, the API server's
// refusal; or blames what it installed and waits for. The newest words count: a
// try that came to waiting was past everything else.
func (r release) helm(failing bool) {
	timedOut := false
	for _, w := range r.said() {
		parsed, ok := fluxmsg.ParseHelm(w.text)
		switch {
		case ok && (parsed.Action == "rollback" || strings.HasPrefix(parsed.Action, "uninstall")):
			continue // of what was done after the failure
		case ok && parsed.Problem == fluxmsg.HelmTemplate:
			r.exam.findings = append(r.exam.findings, r.template(parsed, w))
			return
		case ok && parsed.Problem == fluxmsg.HelmHook:
			r.hook(parsed, w)
			return
		case ok && (parsed.Problem == fluxmsg.HelmNotReady || len(failedObjects(parsed)) > 0):
			r.waitedFor(failedObjects(parsed))
			timedOut = true
		case r.refused(w.text):
			return
		}
		if timedOut {
			break
		}
	}
	r.installed(failing)
	if failing && len(r.exam.blame) == 0 {
		r.fallback(timedOut)
	}
}

func (r release) template(parsed fluxmsg.Helm, w words) finding.Finding {
	where := parsed.At.File
	if parsed.At.Line > 0 {
		where += fmt.Sprintf(", line %d", parsed.At.Line)
	}
	f := r.finding(codeTemplateFailed, r.exam.verdict.Reason, fmt.Sprintf("the chart of %s can't be rendered: %s: %s", finding.RefOf(r.obj), where, firstLine(parsed.Cause)))
	f.Evidence = append(f.Evidence, w.proof)
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Mend %s in chart %s, or the values it uses", where, r.chartName()), File: r.x.definedIn(r.obj)}, r.retry()}
	return f
}

func (r release) chartName() string {
	spec := field.Map(r.obj.Object, "spec", "chart", "spec")
	return strings.TrimSuffix(field.Text(spec, "chart")+" "+field.Text(spec, "version"), " ")
}

// refused reports what the API server refused of the release.
func (r release) refused(text string) bool {
	parsed, ok := fluxmsg.ParseAPIError(text)
	if !ok || parsed.Problem == fluxmsg.APITimeout || parsed.Problem == fluxmsg.APIOther {
		return false
	}
	findings, blame := r.x.explainAPIError(finding.RefOf(r.obj), text, r.exam.verdict.Since)
	for i := range findings {
		findings[i].Fixes = append(findings[i].Fixes, r.retry())
	}
	r.exam.findings = append(r.exam.findings, findings...)
	r.exam.blame = append(r.exam.blame, blame...)
	return len(findings)+len(blame) > 0
}
