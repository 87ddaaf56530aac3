package diagnose

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// unauthorized reports credentials that are refused, incomplete, or missing.
func (s fetchFailure) unauthorized(f *finding.Finding) {
	name, secret := s.secret()
	provider := s.text("provider")
	switch {
	case name == "" && provider != "" && provider != "generic":
		what := "repository"
		if s.obj.GetKind() == health.BucketKind.Kind {
			what = "bucket"
		}
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Allow the identity of service account %s to read the %s: spec.provider is %s, so Flux signs in with it",
			cmp.Or(s.text("serviceAccountName"), "source-controller"), what, provider), File: s.x.definedIn(s.obj), Command: describeAccount(s)}}
		f.Evidence = append(f.Evidence, evidence(s.obj, "spec.provider", provider, time.Time{}))
	case name == "":
		s.anonymous(f)
	default:
		f.Evidence = append(f.Evidence, evidence(s.obj, "spec.secretRef.name", name, time.Time{}))
		s.refusedCredentials(coreRef("Secret", s.obj.GetNamespace(), name), secret, f)
	}
}

func describeAccount(s fetchFailure) string {
	if account := s.text("serviceAccountName"); account != "" {
		return escape.Command("kubectl describe serviceaccount %s -n %s", account, s.obj.GetNamespace())
	}
	return "kubectl describe serviceaccount source-controller -n " + escape.ShellWord(s.x.controllerOf(s.obj).Namespace)
}

// anonymous reports a source without credentials that is refused. Registries and Git
// hosts give the same answer for a repository that does not exist, in order not to
// disclose which ones do (distribution spec 1.1, error codes DENIED and UNAUTHORIZED;
// GitHub and GitLab for https).
func (s fetchFailure) anonymous(f *finding.Finding) {
	address := cmp.Or(s.text("url"), s.text("endpoint"))
	f.Message = fmt.Sprintf("%s can't read %s without credentials: either it does not exist (the host gives the same answer then), or it requires credentials, and spec.secretRef names none",
		s.verdict.Ref, address)
	spelling := s.fix("Check the spelling of spec.url, and whether the repository exists")
	switch {
	case strings.HasPrefix(address, "oci://"):
		spelling.Command = "flux list artifacts " + escape.ShellWord(address)
	case s.obj.GetKind() == health.GitRepositoryKind.Kind:
		spelling.Command = "git ls-remote " + escape.ShellWord(address)
	case s.obj.GetKind() == health.BucketKind.Kind:
		spelling.Text = "Check spec.bucketName and spec.endpoint, and whether the bucket exists"
	default:
		spelling.Command = "curl -I " + escape.ShellWord(address)
	}
	if near, ok := s.similar(address); ok {
		url := field.Text(near.Object, "spec", "url")
		f.Message += fmt.Sprintf("; %s is fetched from %s", finding.RefOf(near), url)
		f.Evidence = append(f.Evidence, evidence(near, "spec.url", url, time.Time{}))
	}
	f.Fixes = []finding.Fix{spelling, s.fix("If it exists and is private, name a Secret with credentials for it in spec.secretRef")}
}

// similar is a source that is ready and has almost the same URL.
func (s fetchFailure) similar(address string) (*unstructured.Unstructured, bool) {
	least := max(2, len(address)/12) + 1
	var best *unstructured.Unstructured
	for _, obj := range s.x.snap.List(finding.RefOf(s.obj).GroupKind(), "").Objects {
		other := field.Text(obj.Object, "spec", "url")
		if other == "" || other == address || field.ConditionOf(obj, "Ready").Status != "True" {
			continue
		}
		if far := distance(address, other); far < least {
			best, least = obj, far
		}
	}
	return best, best != nil
}

// refusedCredentials is how to fix the Secret that the source references: add what is
// missing, or renew what it has.
func (s fetchFailure) refusedCredentials(ref finding.Ref, secret *unstructured.Unstructured, f *finding.Finding) {
	look := finding.Fix{Text: fmt.Sprintf("Check which keys %s has and when it was last changed", ref), Command: inspect(ref)}
	if secret != nil {
		if wanted, ok := s.lackingKeys(secret); ok {
			f.Message = fmt.Sprintf("%s can't use the credentials in %s: it has %s, but Flux reads %s", s.verdict.Ref, ref, keysOf(secret), wanted)
			f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Add %s to %s", wanted, ref), Command: inspect(ref)}}
			return
		}
	}
	if s.problem.Problem == fluxmsg.SourceCredentialsInvalid {
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Add to %s what is missing according to the message", ref), Command: inspect(ref)}}
		return
	}
	switch {
	case strings.HasPrefix(s.text("url"), "ssh://"):
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Check that the public key in %s (identity.pub) is still a deploy key of the repository, and add it if not", ref),
			Command: escape.Command("kubectl get secret %s -n %s -o jsonpath='{.data.identity\\.pub}' | base64 -d", ref.Name, ref.Namespace)}}
	default:
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Put valid credentials into %s: its token or password may have expired, been revoked, or have no right to read the repository", ref), Command: look.Command}}
	}
	if s.mayNotExist() {
		f.Fixes = append(f.Fixes, s.fix("If the credentials work on another machine, check the spelling of spec.url: hosts give the same answer for a repository that does not exist"))
	}
}

// mayNotExist reports whether hosts give the same answer for what does not exist.
func (s fetchFailure) mayNotExist() bool {
	return strings.Contains(s.message, "Repository not found") || strings.Contains(strings.ToUpper(s.message), "DENIED") || s.problem.HTTPStatus == 403
}

// lackingKeys are the keys that a Secret lacks for the way in which the source is
// fetched (fluxcd/pkg/git v0.52, options.go; source-controller 1.9.5, Secrets for
// registries are of type kubernetes.io/dockerconfigjson).
func (s fetchFailure) lackingKeys(secret *unstructured.Unstructured) (wanted string, lacks bool) {
	has := func(keys ...string) bool {
		data := slices.Collect(maps.Keys(field.Map(secret.Object, "data")))
		for _, key := range keys {
			if !slices.Contains(data, key) {
				return false
			}
		}
		return true
	}
	address := s.text("url")
	switch {
	case s.obj.GetKind() == health.GitRepositoryKind.Kind && strings.HasPrefix(address, "ssh://"):
		return "identity and known_hosts", !has("identity", "known_hosts")
	case s.obj.GetKind() == health.GitRepositoryKind.Kind:
		return "username and password, or bearerToken", !has("username", "password") && !has("bearerToken") && !has("githubAppID")
	case s.obj.GetKind() == health.OCIRepositoryKind.Kind:
		return "the key .dockerconfigjson", !has(".dockerconfigjson")
	case s.obj.GetKind() == health.BucketKind.Kind && cmp.Or(s.text("provider"), "generic") == "generic":
		return "accesskey and secretkey", !has("accesskey", "secretkey")
	}
	return "", false
}
