package source

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

var sourceCodes = map[message.SourceProblem]finding.Code{
	message.SourceAuthentication: engine.CodeSourceAuth, message.SourceSecretMissing: engine.CodeSourceAuth, message.SourceCredentialsInvalid: engine.CodeSourceAuth,
	message.SourceVerification: engine.CodeSourceVerify,
	message.SourceHTTP:         engine.CodeSourceNotFound, message.SourceRepoNotFound: engine.CodeSourceNotFound,
	message.SourceRefNotFound: engine.CodeSourceNotFound, message.SourceManifestUnknown: engine.CodeSourceNotFound,
	message.SourceDNS: engine.CodeSourceUnreached, message.SourceRefused: engine.CodeSourceUnreached, message.SourceProxy: engine.CodeSourceUnreached,
	message.SourceTimeout: engine.CodeSourceUnreached, message.SourceTLS: engine.CodeSourceUnreached,
	message.SourceHostKey: engine.CodeHostKey, message.SourceRateLimit: engine.CodeRateLimit, message.SourceStorage: engine.CodeStorageFull,
}

// fetchFailure is a source that can't be fetched, under examination.
type fetchFailure struct {
	x       *engine.Context
	obj     *unstructured.Unstructured
	verdict health.Verdict
	problem message.Source
	// message is the whole message of source-controller, proof the field that has it.
	message string
	proof   []finding.Evidence
}

// unfetched reports why a source can't be fetched.
func unfetched(x *engine.Context, obj *unstructured.Unstructured, e *engine.Result) {
	s := fetchFailure{x: x, obj: obj, verdict: e.Verdict, message: e.Verdict.Message}
	if m, ok := flux.FetchStatement(x, obj); ok {
		s.message, s.proof, s.verdict.Reason = m.Text, []finding.Evidence{m.Proof}, cmp.Or(health.Reason(m.Reason), e.Verdict.Reason)
	}
	s.problem, _ = x.Message(s.message).Fetch()
	f := finding.Finding{
		Code: s.code(), Ref: e.Verdict.Ref, Reason: string(s.verdict.Reason), Severity: finding.Critical, Since: e.Verdict.Since,
		Message:  fmt.Sprintf("%s can't be fetched: %s", e.Verdict.Ref, health.FirstLine(s.message)),
		Evidence: append(s.address(), s.proof...),
	}
	s.advise(&f, e)
	if revision := object.Text(obj.Object, "status", "artifact", "revision"); revision != "" {
		f.Message += "; Flux still uses the last revision that it fetched, and new changes are not applied"
		f.Evidence = append(f.Evidence, engine.Evidence(obj, "status.artifact.revision", revision,
			object.Time(obj.Object, "status", "artifact", "lastUpdateTime")))
	}
	if !s.passes() {
		f.Fixes = append(f.Fixes, finding.Fix{Text: "Then fetch it", Command: flux.Command("reconcile", obj)})
	}
	e.Findings = append(e.Findings, f)
}

// passes reports whether the problem is a temporary one of the host: another request would
// not help.
func (s fetchFailure) passes() bool {
	return s.problem.Problem == message.SourceRateLimit || s.problem.Problem == message.SourceHTTP && s.problem.HTTPStatus >= 500
}

func (s fetchFailure) code() finding.Code {
	if s.problem.Problem == message.SourceHTTP && s.problem.HTTPStatus >= 500 {
		return engine.CodeSourceFailed // it exists, but does not work
	}
	code := cmp.Or(sourceCodes[s.problem.Problem], engine.CodeSourceFailed)
	if code == engine.CodeSourceFailed && strings.Contains(string(s.verdict.Reason), "Authentication") {
		return engine.CodeSourceAuth
	}
	return code
}

// address is the URL of the source, as evidence.
func (s fetchFailure) address() []finding.Evidence {
	for _, name := range []string{"url", "endpoint"} {
		if value := object.Text(s.obj.Object, "spec", name); value != "" {
			return []finding.Evidence{engine.Evidence(s.obj, "spec."+name, value, time.Time{})}
		}
	}
	return nil
}

// host is the host of the URL, empty if it has none.
func (s fetchFailure) host() string {
	address := cmp.Or(object.Text(s.obj.Object, "spec", "url"), object.Text(s.obj.Object, "spec", "endpoint"))
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
	return object.Text(s.obj.Object, append([]string{"spec"}, path...)...)
}

func (s fetchFailure) fix(format string, args ...any) finding.Fix {
	return finding.Fix{Text: fmt.Sprintf(format, args...), File: s.x.DefinedIn(s.obj)}
}

// secret is the Secret with the credentials, nil if there is none or it can't be read.
func (s fetchFailure) secret() (name string, obj *unstructured.Unstructured) {
	name = s.text("secretRef", "name")
	if name == "" {
		return "", nil
	}
	return name, s.x.Snap.Lookup(engine.CoreRef("Secret", s.obj.GetNamespace(), name)).Object
}

// missingSecret is the Secret that a source reports as missing, unless it exists now.
func (s fetchFailure) missingSecret() (object.Ref, bool) {
	secret := engine.CoreRef("Secret", cmp.Or(s.problem.Reference.Namespace, s.obj.GetNamespace()), s.problem.Reference.Name)
	return secret, s.problem.Problem == message.SourceSecretMissing && secret.Name != "" && s.x.Presence(engine.ConfigSource{Ref: secret}) != snapshot.Present
}

// advise composes the message and the fixes for the problem.
func (s fetchFailure) advise(f *finding.Finding, e *engine.Result) {
	if secret, missing := s.missingSecret(); missing {
		s.withoutSecret(secret, f)
		return
	}
	switch s.problem.Problem {
	case message.SourceSecretMissing:
		f.Message = fmt.Sprintf("%s did not find %s, which exists now: the next fetch finds it", s.verdict.Ref, engine.CoreRef("Secret", s.obj.GetNamespace(), s.problem.Reference.Name))
	case message.SourceAuthentication, message.SourceCredentialsInvalid:
		s.unauthorized(f)
	case message.SourceHostKey:
		s.hostKey(f)
	case message.SourceRateLimit:
		s.rateLimited(f)
	case message.SourceStorage:
		s.storageFull(f, e)
	case message.SourceProxy:
		s.proxy(f)
	case message.SourceTLS:
		s.untrusted(f)
	case message.SourceDNS, message.SourceRefused, message.SourceTimeout:
		s.unreached(f)
	case message.SourceHTTP, message.SourceRepoNotFound, message.SourceRefNotFound, message.SourceManifestUnknown:
		s.notFound(f)
	case message.SourceVerification:
		s.unverified(f)
	case message.SourceURLInvalid:
		s.invalidAddress(f)
	default:
		if s.code() == engine.CodeSourceAuth {
			s.unauthorized(f)
			return
		}
		f.Fixes = []finding.Fix{s.logs()}
	}
}

// logs is the command that shows the log of source-controller about the source.
func (s fetchFailure) logs() finding.Fix {
	return finding.Fix{Text: "Read what source-controller logged for this source",
		Command: escape.Command("flux logs --kind=%s --name=%s --namespace=%s", s.obj.GetKind(), s.obj.GetName(), s.obj.GetNamespace())}
}

// withoutSecret reports the missing Secret that the source references.
func (s fetchFailure) withoutSecret(secret object.Ref, f *finding.Finding) {
	f.Ref = secret
	where := "spec.secretRef"
	for _, name := range []string{"secretRef", "certSecretRef", "proxySecretRef"} {
		if s.text(name, "name") == secret.Name {
			where = "spec." + name
			f.Evidence = append(f.Evidence, engine.Evidence(s.obj, where+".name", secret.Name, time.Time{}))
			break
		}
	}
	f.Message = fmt.Sprintf("%s needs %s (%s), which does not exist", s.verdict.Ref, secret, where)
	if where == "spec.secretRef" {
		f.Message = fmt.Sprintf("%s takes its credentials from %s, which does not exist", s.verdict.Ref, secret)
	}
	f.Fixes = []finding.Fix{s.fix("Create %s, or correct %s", secret, where)}
	if s.x.Presence(engine.ConfigSource{Ref: secret}) == snapshot.Absent {
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: secret, Field: "object", Value: "does not exist"})
		if near, ok := s.x.Nearest(secret); ok {
			f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
			f.Fixes[0].Text = fmt.Sprintf("In %s, write %s instead of %s, or create %s", where, near.Name, secret.Name, secret)
		}
	}
}
