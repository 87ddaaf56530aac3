package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

var sourceCodes = map[fluxmsg.SourceProblem]finding.Code{
	fluxmsg.SourceAuthentication: codeSourceAuth, fluxmsg.SourceSecretMissing: codeSourceAuth, fluxmsg.SourceCredentialsInvalid: codeSourceAuth,
	fluxmsg.SourceVerification: codeSourceVerify,
	fluxmsg.SourceHTTP:         codeSourceNotFound, fluxmsg.SourceRepoNotFound: codeSourceNotFound,
	fluxmsg.SourceRefNotFound: codeSourceNotFound, fluxmsg.SourceManifestUnknown: codeSourceNotFound,
	fluxmsg.SourceDNS: codeSourceUnreached, fluxmsg.SourceRefused: codeSourceUnreached, fluxmsg.SourceProxy: codeSourceUnreached,
	fluxmsg.SourceTimeout: codeSourceUnreached, fluxmsg.SourceTLS: codeSourceUnreached,
	fluxmsg.SourceHostKey: codeHostKey, fluxmsg.SourceRateLimit: codeRateLimit, fluxmsg.SourceStorage: codeStorageFull,
}

// fetchFailure is a source that can't be fetched, under examination.
type fetchFailure struct {
	x       *examiner
	obj     *unstructured.Unstructured
	verdict health.Verdict
	problem fluxmsg.Source
	// message is the whole message of source-controller, proof the field that has it.
	message string
	proof   []finding.Evidence
}

// sourceConditions are those that explain a missing artifact, in the order in which
// pkg/health checks them.
var sourceConditions = []string{"Stalled", "FetchFailed", "StorageOperationFailed", "IncludeUnavailable", "BuildFailed"}

// unfetched reports why a source can't be fetched.
func (x *examiner) unfetched(obj *unstructured.Unstructured, e *exam) {
	s := fetchFailure{x: x, obj: obj, verdict: e.verdict, message: e.verdict.Message}
	if m, ok := x.fetchStatement(obj); ok {
		s.message, s.proof, s.verdict.Reason = m.text, []finding.Evidence{m.proof}, cmp.Or(health.Reason(m.reason), e.verdict.Reason)
	}
	s.problem, _ = x.message(s.message).Fetch()
	f := finding.Finding{
		Code: s.code(), Ref: e.verdict.Ref, Reason: string(s.verdict.Reason), Severity: finding.Critical, Since: e.verdict.Since,
		Message:  fmt.Sprintf("%s can't be fetched: %s", e.verdict.Ref, firstLine(s.message)),
		Evidence: append(s.address(), s.proof...),
	}
	s.advise(&f, e)
	if revision := field.Text(obj.Object, "status", "artifact", "revision"); revision != "" {
		f.Message += "; what was fetched before is still served, so nothing breaks, but changes do not arrive"
		f.Evidence = append(f.Evidence, evidence(obj, "status.artifact.revision", revision,
			field.Time(obj.Object, "status", "artifact", "lastUpdateTime")))
	}
	if !s.passes() {
		f.Fixes = append(f.Fixes, finding.Fix{Text: "Then fetch it", Command: reconcileSource("reconcile", obj)})
	}
	e.findings = append(e.findings, f)
}

// fetchStatement is the message about a failed fetch: the first message that names a
// problem, or otherwise the first one. The conditions of a failure are not equally
// informative, and the event about it may be more informative than they are.
func (x *examiner) fetchStatement(obj *unstructured.Unstructured) (statement, bool) {
	var all []statement
	for _, kind := range append(slices.Clone(sourceConditions), "Ready") {
		c := field.ConditionOf(obj, kind)
		if bad := kind != "Ready" && c.Status == "True" || kind == "Ready" && c.Status == "False"; bad && c.Message != "" {
			all = append(all, statement{c.Reason, c.Message, c.Since, quote(obj, c)})
		}
	}
	if len(all) == 0 {
		return statement{}, false
	}
	names := func(m statement) bool { _, ok := x.message(m.text).Fetch(); return ok }
	if at := slices.IndexFunc(all, names); at >= 0 {
		return all[at], true
	}
	for _, w := range x.warnings(obj) {
		m := statement{w.Reason, w.Message, w.Last, eventEvidence(finding.RefOf(obj), w)}
		if !w.Last.Before(all[0].at) && names(m) {
			return m, true
		}
	}
	return all[0], true
}

// passes reports whether the problem is temporary and that of the host: another request
// would not help.
func (s fetchFailure) passes() bool {
	return s.problem.Problem == fluxmsg.SourceRateLimit || s.problem.Problem == fluxmsg.SourceHTTP && s.problem.HTTPStatus >= 500
}

func (s fetchFailure) code() finding.Code {
	if s.problem.Problem == fluxmsg.SourceHTTP && s.problem.HTTPStatus >= 500 {
		return codeSourceFailed // it is there, and in trouble
	}
	code := cmp.Or(sourceCodes[s.problem.Problem], codeSourceFailed)
	if code == codeSourceFailed && strings.Contains(string(s.verdict.Reason), "Authentication") {
		return codeSourceAuth
	}
	return code
}

// address is the URL of the source, as evidence.
func (s fetchFailure) address() []finding.Evidence {
	for _, name := range []string{"url", "endpoint"} {
		if value := field.Text(s.obj.Object, "spec", name); value != "" {
			return []finding.Evidence{evidence(s.obj, "spec."+name, value, time.Time{})}
		}
	}
	return nil
}

// host is the host of the URL, empty if it has none.
func (s fetchFailure) host() string {
	address := cmp.Or(field.Text(s.obj.Object, "spec", "url"), field.Text(s.obj.Object, "spec", "endpoint"))
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address = rest
	}
	address, _, _ = strings.Cut(address, "/")
	if _, host, ok := strings.Cut(address, "@"); ok {
		address = host
	}
	return address
}

// text is a field of the source's spec; file where the source is defined.
func (s fetchFailure) text(path ...string) string {
	return field.Text(s.obj.Object, append([]string{"spec"}, path...)...)
}

func (s fetchFailure) fix(format string, args ...any) finding.Fix {
	return finding.Fix{Text: fmt.Sprintf(format, args...), File: s.x.definedIn(s.obj)}
}

// secret is the Secret with the credentials, nil if there is none or it can't be read.
func (s fetchFailure) secret() (name string, obj *unstructured.Unstructured) {
	name = s.text("secretRef", "name")
	if name == "" {
		return "", nil
	}
	return name, s.x.snap.Lookup(coreRef("Secret", s.obj.GetNamespace(), name)).Object
}

// missingSecret is the Secret that a source reports as missing, unless it exists now.
func (s fetchFailure) missingSecret() (finding.Ref, bool) {
	secret := coreRef("Secret", cmp.Or(s.problem.Reference.Namespace, s.obj.GetNamespace()), s.problem.Reference.Name)
	return secret, s.problem.Problem == fluxmsg.SourceSecretMissing && secret.Name != "" && s.x.presence(part{ref: secret}) != snapshot.Present
}

// advise composes the message and the fixes for the problem.
func (s fetchFailure) advise(f *finding.Finding, e *exam) {
	if secret, missing := s.missingSecret(); missing {
		s.withoutSecret(secret, f)
		return
	}
	switch s.problem.Problem {
	case fluxmsg.SourceSecretMissing:
		f.Message = fmt.Sprintf("%s did not find %s, which exists now: the next fetch finds it", s.verdict.Ref, coreRef("Secret", s.obj.GetNamespace(), s.problem.Reference.Name))
	case fluxmsg.SourceAuthentication, fluxmsg.SourceCredentialsInvalid:
		s.unauthorized(f)
	case fluxmsg.SourceHostKey:
		s.hostKey(f)
	case fluxmsg.SourceRateLimit:
		s.rateLimited(f)
	case fluxmsg.SourceStorage:
		s.storageFull(f, e)
	case fluxmsg.SourceProxy:
		s.proxy(f)
	case fluxmsg.SourceTLS:
		s.untrusted(f)
	case fluxmsg.SourceDNS, fluxmsg.SourceRefused, fluxmsg.SourceTimeout:
		s.unreached(f)
	case fluxmsg.SourceHTTP, fluxmsg.SourceRepoNotFound, fluxmsg.SourceRefNotFound, fluxmsg.SourceManifestUnknown:
		s.notFound(f)
	case fluxmsg.SourceVerification:
		s.unverified(f)
	case fluxmsg.SourceURLInvalid:
		s.invalidAddress(f)
	default:
		if s.code() == codeSourceAuth {
			s.unauthorized(f)
			return
		}
		f.Fixes = []finding.Fix{s.logs()}
	}
}

// logs is the command that shows the log of source-controller about the source.
func (s fetchFailure) logs() finding.Fix {
	return finding.Fix{Text: "Read the log of source-controller about it",
		Command: escape.Command("flux logs --kind=%s --name=%s --namespace=%s", s.obj.GetKind(), s.obj.GetName(), s.obj.GetNamespace())}
}

// withoutSecret reports the missing Secret that the source references.
func (s fetchFailure) withoutSecret(secret finding.Ref, f *finding.Finding) {
	f.Ref = secret
	where := "spec.secretRef"
	for _, name := range []string{"secretRef", "certSecretRef", "proxySecretRef"} {
		if s.text(name, "name") == secret.Name {
			where = "spec." + name
			f.Evidence = append(f.Evidence, evidence(s.obj, where+".name", secret.Name, time.Time{}))
			break
		}
	}
	f.Message = fmt.Sprintf("%s needs %s (%s), which does not exist", s.verdict.Ref, secret, where)
	if where == "spec.secretRef" {
		f.Message = fmt.Sprintf("%s takes its credentials from %s, which does not exist", s.verdict.Ref, secret)
	}
	f.Fixes = []finding.Fix{s.fix("Create %s, or correct %s", secret, where)}
	if s.x.presence(part{ref: secret}) == snapshot.Absent {
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: secret, Field: "object", Value: "does not exist"})
		if near, ok := s.x.nearest(secret); ok {
			f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
			f.Fixes[0].Text = fmt.Sprintf("In %s, write %s instead of %s, or create %s", where, near.Name, secret.Name, secret)
		}
	}
}

// reconcileSource is the flux command for the kind: "flux reconcile source git x".
func reconcileSource(verb string, obj *unstructured.Unstructured) string {
	return fluxCommand(verb, obj)
}
