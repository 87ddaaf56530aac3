package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// said are the messages in which Helm may have said what went wrong, the newest
// first: from helm-controller 0.37 on Helm's own words are in the Events, and
// once Flux has taken a failed release away again, nowhere else.
func (r release) said() []string {
	var texts []string
	for _, e := range r.x.warnings(r.obj) {
		texts = append(texts, e.message)
	}
	for _, kind := range []string{"Released", "Ready", "Stalled"} {
		if c := conditionOf(r.obj, kind); c.message != "" && (c.status == "False") == (kind != "Stalled") {
			texts = append(texts, c.message)
		}
	}
	return texts
}

// helm reports what Helm stumbled over: a template, a hook, the API server's
// refusal; or blames what it installed and waits for.
func (r release) helm(failing bool) {
	timedOut := false
	for _, text := range r.said() {
		parsed, ok := fluxmsg.ParseHelm(text)
		timedOut = timedOut || parsed.Problem == fluxmsg.HelmNotReady
		switch {
		case ok && parsed.Problem == fluxmsg.HelmTemplate:
			r.exam.findings = append(r.exam.findings, r.template(parsed, text))
		case ok && parsed.Problem == fluxmsg.HelmHook:
			r.hook(parsed, text)
		case !r.refused(text):
			continue
		}
		return
	}
	r.installed(failing)
	if failing && len(r.exam.blame) == 0 {
		r.fallback(timedOut)
	}
}

func (r release) template(parsed fluxmsg.Helm, text string) finding.Finding {
	where, why := parsed.At.File, parsed.Cause
	if parsed.At.Line > 0 {
		where += fmt.Sprintf(", line %d", parsed.At.Line)
		if _, after, ok := strings.Cut(why, fmt.Sprintf("line %d: ", parsed.At.Line)); ok {
			why = after // the rest only says where, again
		}
	}
	f := r.finding(codeTemplateFailed, r.exam.verdict.Reason, fmt.Sprintf("the chart of %s can't be rendered: %s: %s", finding.RefOf(r.obj), where, why))
	f.Evidence = append(f.Evidence, finding.Evidence{Ref: f.Ref, Field: "event", Value: text, At: r.exam.verdict.Since})
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Mend %s in chart %s, or the values it uses", where, r.chartName()), File: r.x.definedIn(r.obj)}, r.retry()}
	return f
}

func (r release) chartName() string {
	spec := field.Map(r.obj.Object, "spec", "chart", "spec")
	return strings.TrimSuffix(field.Text(spec, "chart")+" "+field.Text(spec, "version"), " ")
}

// hook blames the Job of a failed hook, or says what is left of it.
func (r release) hook(parsed fluxmsg.Helm, text string) {
	for _, item := range parsed.Objects {
		for _, namespace := range []string{item.Namespace, r.target()} {
			ref := finding.Ref{APIVersion: "batch/v1", Kind: jobKind.Kind, Namespace: namespace, Name: item.Name}
			if r.x.snap.Lookup(ref).Object != nil {
				r.exam.blame = addRef(r.exam.blame, ref)
			}
		}
	}
	if len(r.exam.blame) > 0 {
		return
	}
	f := r.finding(codeHookFailed, r.exam.verdict.Reason, fmt.Sprintf("the %s hook of %s failed: %s", parsed.Hook, finding.RefOf(r.obj), parsed.Cause))
	f.Evidence = append(f.Evidence, finding.Evidence{Ref: f.Ref, Field: "event", Value: text, At: r.exam.verdict.Since})
	f.Fixes = []finding.Fix{{Text: "Mend the hook's Job, whose pods are gone by now", File: r.x.definedIn(r.obj)}, r.retry()}
	r.exam.findings = append(r.exam.findings, f)
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

func (r release) target() string {
	if namespace := field.Text(r.obj.Object, "spec", "targetNamespace"); namespace != "" {
		return namespace
	}
	return r.obj.GetNamespace()
}

// releaseName is Helm's name for it: spec.releaseName, or as helm-controller
// composes it (api v2, GetReleaseName).
func (r release) releaseName() string {
	if name := field.Text(r.obj.Object, "spec", "releaseName"); name != "" {
		return name
	}
	if namespace := field.Text(r.obj.Object, "spec", "targetNamespace"); namespace != "" {
		return namespace + "-" + r.obj.GetName()
	}
	return r.obj.GetName()
}

// installed blames what the release installed and is not ready: by the
// annotations that Helm puts on it, or the names that charts build from the
// release's.
func (r release) installed(failing bool) {
	for _, kind := range workloadKinds {
		for _, obj := range r.x.snap.List(kind, r.target()).Objects {
			if !r.owns(obj) {
				continue
			}
			ref := finding.RefOf(obj)
			result := r.x.examine(ref, failing)
			status := result.verdict.Status
			waited := status == health.Progressing || status == health.Unknown // Helm counts no replicas as ready
			if status == health.Failing || len(result.findings) > 0 && status != health.Suspended || failing && waited {
				r.exam.blame = append(r.exam.blame, ref)
			}
		}
		r.exam.unknown = append(r.exam.unknown, r.x.unreadable(kind, r.target())...)
	}
}

func (r release) owns(obj *unstructured.Unstructured) bool {
	annotations := obj.GetAnnotations()
	if name := annotations["meta.helm.sh/release-name"]; name != "" {
		return name == r.releaseName()
	}
	return obj.GetLabels()["app.kubernetes.io/instance"] == r.releaseName()
}

// fallback is all that is known when nothing deeper shows: the first failure
// that is on record, and that the rest was removed, if it was.
func (r release) fallback(waited bool) {
	reason, text := r.exam.verdict.Reason, r.exam.verdict.Message
	events := r.x.warnings(r.obj)
	first := events
	slices.SortStableFunc(first, func(a, b event) int { return a.first.Compare(b.first) })
	f := r.finding(codeReleaseFailed, reason, "")
	for _, e := range first {
		if strings.HasSuffix(e.reason, "Failed") && e.reason != "UninstallFailed" {
			f.Reason, text, f.Since = e.reason, e.message, e.first
			f.Evidence = append(f.Evidence, said(f.Ref, e))
			break
		}
	}
	f.Message = fmt.Sprintf("%s could not be installed: %s", f.Ref, firstLine(text))
	if waited {
		f.Code = codeReleaseTimedOut
	}
	f.Evidence = append(f.Evidence, r.records()...)
	if r.removed() {
		f.Code = codeReleaseRemoved
		f.Message += "; Flux has taken the failed release away again, and its pods with it"
	}
	f.Fixes = []finding.Fix{{Text: "Install it once without taking it away, to see its pods: set spec.install.remediation.retries to 0", File: r.x.definedIn(r.obj)}, r.retry()}
	r.exam.fallback = append(r.exam.fallback, f)
}

// records are what Helm's own release records say became of each revision, by
// their labels (helm.sh/helm/v4 4.2.4, pkg/storage/driver/secrets.go).
func (r release) records() []finding.Evidence {
	var all []finding.Evidence
	for _, secret := range r.x.snap.List(coreRef("Secret", "", "").GroupKind(), r.storage()).Objects {
		labels := secret.GetLabels()
		if labels["owner"] == "helm" && labels["name"] == r.releaseName() {
			all = append(all, evidence(secret, "metadata.labels", "revision "+labels["version"]+" "+labels["status"], secret.GetCreationTimestamp().Time))
		}
	}
	return all
}

// storage is where Helm keeps its records.
func (r release) storage() string {
	if namespace := field.Text(r.obj.Object, "status", "storageNamespace"); namespace != "" {
		return namespace
	}
	return r.obj.GetNamespace()
}

// removed tells whether remediation has uninstalled the release.
func (r release) removed() bool {
	remediated := conditionOf(r.obj, "Remediated")
	history := field.List(r.obj.Object, "status", "history")
	return remediated.status == "True" && strings.HasPrefix(remediated.reason, "Uninstall") ||
		len(history) > 0 && field.Text(history[0], "status") == "uninstalled"
}
