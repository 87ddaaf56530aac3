package source

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/similar"
)

// unauthorized reports credentials that are refused, incomplete, or missing.
func (s fetchFailure) unauthorized(f *finding.Finding) {
	name, secret := s.secret()
	provider := s.text("provider")
	switch {
	case name == "" && provider != "" && provider != "generic":
		what := "repository"
		if s.obj.GetKind() == object.BucketKind.Kind {
			what = "bucket"
		}
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Allow the identity of service account %s to read the %s: spec.provider is %s, so Flux signs in with it",
			cmp.Or(s.text("serviceAccountName"), "source-controller"), what, provider), File: s.x.DefinedIn(s.obj), Command: describeAccount(s)}}
		f.Evidence = append(f.Evidence, engine.Evidence(s.obj, "spec.provider", provider, time.Time{}))
	case name == "":
		s.anonymous(f)
	default:
		f.Evidence = append(f.Evidence, engine.Evidence(s.obj, "spec.secretRef.name", name, time.Time{}))
		s.refusedCredentials(engine.CoreRef("Secret", s.obj.GetNamespace(), name), secret, f)
	}
}

func describeAccount(s fetchFailure) string {
	if account := s.text("serviceAccountName"); account != "" {
		return escape.Command("kubectl describe serviceaccount %s -n %s", account, s.obj.GetNamespace())
	}
	return "kubectl describe serviceaccount source-controller -n " + escape.ShellWord(flux.ControllerOf(s.x, s.obj).Namespace)
}

// anonymous reports a source without credentials that is refused. Registries and Git
// hosts give the same answer for a repository that does not exist, in order not to
// disclose which ones do (distribution spec 1.1, error codes DENIED and UNAUTHORIZED;
// GitHub and GitLab for https).
func (s fetchFailure) anonymous(f *finding.Finding) {
	address := cmp.Or(s.text("url"), s.text("endpoint"))
	f.Message = fmt.Sprintf("%s can't read %s without credentials: it does not exist, or it requires credentials and spec.secretRef is not set (servers return the same error in both cases)",
		s.verdict.Ref, address)
	spelling := s.fix("Check the spelling of spec.url, and whether the repository exists")
	switch {
	case strings.HasPrefix(address, "oci://"):
		spelling.Command = "flux list artifacts " + escape.ShellWord(address)
	case s.obj.GetKind() == object.GitRepositoryKind.Kind:
		spelling.Command = "git ls-remote " + escape.ShellWord(address)
	case s.obj.GetKind() == object.BucketKind.Kind:
		spelling.Text = "Check spec.bucketName and spec.endpoint, and whether the bucket exists"
	default:
		spelling.Command = "curl -I " + escape.ShellWord(address)
	}
	if near, ok := s.similar(address); ok {
		url := object.Text(near.Object, "spec", "url")
		f.Message += fmt.Sprintf("; %s is fetched from %s", object.RefOf(near), url)
		f.Evidence = append(f.Evidence, engine.Evidence(near, "spec.url", url, time.Time{}))
	}
	f.Fixes = []finding.Fix{spelling, s.fix("If it exists and is private, name a Secret with credentials for it in spec.secretRef")}
}

// similar is a source that is ready and has almost the same URL.
func (s fetchFailure) similar(address string) (*unstructured.Unstructured, bool) {
	least := max(2, len(address)/12) + 1
	var best *unstructured.Unstructured
	for _, obj := range s.x.Snap.List(object.RefOf(s.obj).GroupKind(), "").Objects {
		other := object.Text(obj.Object, "spec", "url")
		if other == "" || other == address || object.ConditionOf(obj, "Ready").Status != "True" {
			continue
		}
		if far := similar.Distance(address, other); far < least {
			best, least = obj, far
		}
	}
	return best, best != nil
}

// refusedCredentials is how to fix the Secret that the source references: add what is
// missing, or renew what it has.
func (s fetchFailure) refusedCredentials(ref object.Ref, secret *unstructured.Unstructured, f *finding.Finding) {
	look := finding.Fix{Text: fmt.Sprintf("Check which keys %s has and when it was last changed", ref), Command: flux.DescribeCommand(ref)}
	if secret != nil {
		if wanted, ok := s.lackingKeys(secret); ok {
			f.Message = fmt.Sprintf("%s can't use the credentials in %s: it has %s, but Flux reads %s", s.verdict.Ref, ref, pods.KeysOf(secret), wanted)
			f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Add %s to %s", wanted, ref), Command: flux.DescribeCommand(ref)}}
			return
		}
	}
	if s.problem.Problem == message.SourceCredentialsInvalid {
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Add to %s what is missing according to the message", ref), Command: flux.DescribeCommand(ref)}}
		return
	}
	switch {
	case strings.HasPrefix(s.text("url"), "ssh://"):
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Check that the public key in %s (identity.pub) is still a deploy key of the repository, and add it if not", ref),
			Command: escape.Command("kubectl get secret %s -n %s -o jsonpath='{.data.identity\\.pub}' | base64 -d", ref.Name, ref.Namespace)}}
	default:
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Put valid credentials into %s: its token or password may have expired, been revoked, or lack permission to read the repository", ref), Command: look.Command}}
	}
	if s.mayNotExist() {
		f.Fixes = append(f.Fixes, s.fix("If the credentials work on another machine, check the spelling of spec.url: servers return the same error for a repository that does not exist"))
	}
}

// mayNotExist reports whether hosts give the same answer for what does not exist.
func (s fetchFailure) mayNotExist() bool {
	return strings.Contains(s.message, "Repository not found") || strings.Contains(strings.ToUpper(s.message), "DENIED") || s.problem.HTTPStatus == 403
}

// lackingKeys are the keys that a Secret lacks for the method by which the source is
// fetched (fluxcd/pkg/git v0.52, options.go; source-controller 1.9.5, Secrets for
// registries are of type kubernetes.io/dockerconfigjson).
func (s fetchFailure) lackingKeys(secret *unstructured.Unstructured) (wanted string, lacks bool) {
	has := func(keys ...string) bool {
		data := slices.Collect(maps.Keys(object.Map(secret.Object, "data")))
		for _, key := range keys {
			if !slices.Contains(data, key) {
				return false
			}
		}
		return true
	}
	address := s.text("url")
	switch {
	case s.obj.GetKind() == object.GitRepositoryKind.Kind && strings.HasPrefix(address, "ssh://"):
		return "identity and known_hosts", !has("identity", "known_hosts")
	case s.obj.GetKind() == object.GitRepositoryKind.Kind:
		return "username and password, or bearerToken", !has("username", "password") && !has("bearerToken") && !has("githubAppID")
	case s.obj.GetKind() == object.OCIRepositoryKind.Kind:
		return "the key .dockerconfigjson", !has(".dockerconfigjson")
	case s.obj.GetKind() == object.BucketKind.Kind && cmp.Or(s.text("provider"), "generic") == "generic":
		return "accesskey and secretkey", !has("accesskey", "secretkey")
	}
	return "", false
}

// refFields are the fields of spec.ref; the first one takes precedence if several are
// set (source-controller api v1, GitRepositoryRef and OCIRepositoryRef).
var refFields = map[string][]string{
	"GitRepository": {"commit", "name", "semver", "tag", "branch"},
	"OCIRepository": {"digest", "semver", "tag"},
}

// notFound reports a repository, or a branch, tag or version of it, that does not
// exist.
func (s fetchFailure) notFound(f *finding.Finding) {
	switch {
	case s.problem.Problem == message.SourceHTTP && s.problem.HTTPStatus >= 500:
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Wait, or ask the operator of %s: the server answers with status %d, and Flux retries", s.host(), s.problem.HTTPStatus)}}
		return
	case s.problem.Problem == message.SourceRefNotFound || s.problem.Problem == message.SourceManifestUnknown:
		s.refNotFound(f)
		return
	}
	field := s.addressField()
	fix := s.fix("Check the spelling of %s: there is no repository at that URL", field)
	if s.obj.GetKind() == object.BucketKind.Kind {
		fix = s.fix("Correct spec.bucketName, or create the bucket")
		if name := s.text("bucketName"); name != "" {
			f.Evidence = append(f.Evidence, engine.Evidence(s.obj, "spec.bucketName", name, time.Time{}))
		}
	}
	if strings.Contains(s.message, "empty") {
		fix = s.fix("Push a first commit to the repository")
	}
	if near, ok := s.similar(s.text("url")); ok {
		f.Message += fmt.Sprintf("; %s is fetched from %s", object.RefOf(near), s.urlOf(near.Object))
		f.Evidence = append(f.Evidence, engine.Evidence(near, "spec.url", s.urlOf(near.Object), time.Time{}))
	}
	f.Fixes = []finding.Fix{fix}
	s.hidden(f)
}

// hidden adds that a repository that is not found may be hidden from its credentials:
// GitHub and GitLab give this answer for a private repository that a valid token or key
// is not allowed to read.
func (s fetchFailure) hidden(f *finding.Finding) {
	name, _ := s.secret()
	if name == "" || s.obj.GetKind() != object.GitRepositoryKind.Kind || !strings.Contains(s.message, "repository not found") {
		return
	}
	secret := engine.CoreRef("Secret", s.obj.GetNamespace(), name)
	f.Message += fmt.Sprintf("; it does not exist, or the credentials in %s are not allowed to read it: servers return the same error in both cases", secret)
	f.Evidence = append(f.Evidence, engine.Evidence(s.obj, "spec.secretRef.name", name, time.Time{}))
	f.Fixes = []finding.Fix{
		s.fix("Check the spelling of spec.url: open it with an account that is allowed to read the repository"),
		{Text: fmt.Sprintf("If it is correct, allow the token or key in %s to read the repository", secret), Command: flux.DescribeCommand(secret)},
	}
}

func (s fetchFailure) urlOf(obj map[string]any) string {
	spec, _ := obj["spec"].(map[string]any)
	address, _ := spec["url"].(string)
	return address
}

// refNotFound reports the field of spec.ref whose branch, tag or version the repository
// does not have, and how to list those that it has.
func (s fetchFailure) refNotFound(f *finding.Finding) {
	list := finding.Fix{Text: "List the branches and tags of the repository", Command: "git ls-remote --heads --tags " + escape.ShellWord(s.text("url"))}
	if s.obj.GetKind() == object.OCIRepositoryKind.Kind {
		list = finding.Fix{Text: "List the tags of the repository", Command: "flux list artifacts " + escape.ShellWord(s.text("url"))}
	}
	for _, name := range refFields[s.obj.GetKind()] {
		value := s.text("ref", name)
		if value == "" {
			continue
		}
		f.Evidence = append(f.Evidence, engine.Evidence(s.obj, "spec.ref."+name, value, time.Time{}))
		f.Message = fmt.Sprintf("%s requests %s %s, which its repository does not have: %s", s.verdict.Ref, refWord(name), value, health.FirstLine(s.message))
		f.Fixes = []finding.Fix{list, s.fix("Correct spec.ref.%s, or restore the %s", name, refWord(name))}
		if name == "semver" {
			f.Message = fmt.Sprintf("%s requests a tag in the range %s, but its repository has none: %s", s.verdict.Ref, value, health.FirstLine(s.message))
			f.Fixes = []finding.Fix{list, s.fix("Correct the range in spec.ref.semver; a version with a suffix such as -rc.1 matches only a range that has one")}
		}
		return
	}
	standard := map[string]string{"GitRepository": "branch master", "OCIRepository": "tag latest"}[s.obj.GetKind()]
	if standard == "" {
		f.Fixes = []finding.Fix{s.fix("Check the spelling of %s", s.addressField())}
		return
	}
	f.Message += fmt.Sprintf("; spec.ref is not set, so Flux uses %s", standard)
	f.Fixes = []finding.Fix{list, s.fix("Set spec.ref to a %s that exists", strings.Fields(standard)[0])}
}

func refWord(name string) string {
	if name == "name" {
		return "reference"
	}
	return name
}

// unverified reports what is not signed as spec.verify requires. Whether to trust it is
// the decision of the user.
func (s fetchFailure) unverified(f *finding.Finding) {
	what := "Find out who created this revision before you trust it"
	f.Fixes = []finding.Fix{{Text: what, Command: "kubectl " + strings.TrimPrefix(flux.DescribeCommand(s.verdict.Ref), "kubectl ")}}
	if name := s.text("verify", "secretRef", "name"); name != "" {
		f.Evidence = append(f.Evidence, engine.Evidence(s.obj, "spec.verify.secretRef.name", name, time.Time{}))
		f.Fixes = append(f.Fixes, s.fix("If you trust its signer, add the public key to Secret %s/%s", s.obj.GetNamespace(), name))
		return
	}
	f.Fixes = append(f.Fixes, s.fix("If you trust its signer, add the identity to spec.verify.matchOIDCIdentity"))
}

// invalidAddress reports a URL that this kind of source can't use.
func (s fetchFailure) invalidAddress(f *finding.Finding) {
	if s.obj.GetKind() == object.HelmRepositoryKind.Kind && strings.HasPrefix(s.text("url"), "oci://") {
		f.Fixes = []finding.Fix{s.fix("Set spec.type: oci, since spec.url begins with oci://")}
		return
	}
	f.Fixes = []finding.Fix{s.fix("Correct %s according to the message", s.addressField())}
}
