package diagnose

import (
	"cmp"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

var sourceCodes = map[fluxmsg.SourceProblem]finding.Code{
	fluxmsg.SourceAuthentication: codeSourceAuth, fluxmsg.SourceSecretMissing: codeSourceAuth,
	fluxmsg.SourceVerification: codeSourceVerify,
	fluxmsg.SourceHTTP:         codeSourceNotFound, fluxmsg.SourceRepoNotFound: codeSourceNotFound,
	fluxmsg.SourceRefNotFound: codeSourceNotFound, fluxmsg.SourceManifestUnknown: codeSourceNotFound,
	fluxmsg.SourceDNS: codeSourceUnreached, fluxmsg.SourceRefused: codeSourceUnreached,
	fluxmsg.SourceTimeout: codeSourceUnreached, fluxmsg.SourceTLS: codeSourceUnreached,
}

func (x *examiner) sourceFinding(obj *unstructured.Unstructured, v health.Verdict) finding.Finding {
	problem, _ := fluxmsg.ParseSource(v.Message)
	code := sourceCodes[problem.Problem]
	if code == "" {
		code = codeSourceFailed
	}
	if strings.Contains(v.Reason, "Authentication") {
		code = codeSourceAuth
	}
	f := finding.Finding{
		Code: code, Ref: v.Ref, Reason: v.Reason, Severity: finding.Critical, Since: v.Since,
		Message:  fmt.Sprintf("%s can't be fetched: %s", v.Ref, firstLine(v.Message)),
		Evidence: []finding.Evidence{evidence(obj, "spec.url", cmp.Or(field.Text(obj.Object, "spec", "url"), field.Text(obj.Object, "spec", "endpoint")), v.Since)},
	}
	secret, missing := x.missingSecret(obj, problem)
	if missing {
		f.Ref = secret
		f.Message = fmt.Sprintf("%s takes its credentials from %s, which does not exist", v.Ref, secret)
	}
	for _, kind := range []string{"FetchFailed", "Ready"} {
		if c := conditionOf(obj, kind); c.status != "" && c.message != "" {
			f.Evidence = append(f.Evidence, evidence(obj, c.field(), c.reason+": "+c.message, c.since))
			break
		}
	}
	if revision := field.Text(obj.Object, "status", "artifact", "revision"); revision != "" {
		f.Message += "; what was fetched before is still served, so nothing breaks, but nothing new arrives"
		f.Evidence = append(f.Evidence, evidence(obj, "status.artifact.revision", revision,
			field.Time(obj.Object, "status", "artifact", "lastUpdateTime")))
	}
	f.Fixes = []finding.Fix{sourceFix(code, obj), {Text: "Then have Flux fetch it", Command: reconcileSource("reconcile", obj)}}
	f.Fixes[0].File = x.definedIn(obj)
	if missing {
		f.Fixes[0] = finding.Fix{Text: fmt.Sprintf("Make %s, or correct spec.secretRef", secret), File: x.definedIn(obj)}
	}
	return f
}

// missingSecret is the Secret that a source says it did not find, unless it has
// come meanwhile.
func (x *examiner) missingSecret(obj *unstructured.Unstructured, said fluxmsg.Source) (finding.Ref, bool) {
	secret := coreRef("Secret", cmp.Or(said.Reference.Namespace, obj.GetNamespace()), said.Reference.Name)
	return secret, said.Problem == fluxmsg.SourceSecretMissing && secret.Name != "" && x.there(part{ref: secret}) != snapshot.Present
}

func sourceFix(code finding.Code, obj *unstructured.Unstructured) finding.Fix {
	secret := field.Text(obj.Object, "spec", "secretRef", "name")
	switch {
	case code == codeSourceAuth && secret != "":
		return finding.Fix{Text: fmt.Sprintf("Put valid credentials into Secret %s/%s", obj.GetNamespace(), secret),
			Command: fmt.Sprintf("kubectl describe secret %s -n %s", secret, obj.GetNamespace())}
	case code == codeSourceAuth:
		return finding.Fix{Text: "Give it credentials: name a Secret in spec.secretRef"}
	case code == codeSourceNotFound:
		return finding.Fix{Text: "Correct spec.url, or the branch, tag or version that is asked for"}
	case code == codeSourceUnreached:
		return finding.Fix{Text: "Check that the cluster can reach the address in spec.url"}
	}
	return finding.Fix{Text: "Mend what the message says"}
}

// reconcileSource is Flux's command for the kind: "flux reconcile source git x".
func reconcileSource(verb string, obj *unstructured.Unstructured) string {
	kind := map[string]string{"GitRepository": "git", "OCIRepository": "oci", "Bucket": "bucket", "HelmRepository": "helm", "HelmChart": "chart"}[obj.GetKind()]
	return fmt.Sprintf("flux %s source %s %s -n %s", verb, kind, obj.GetName(), obj.GetNamespace())
}
