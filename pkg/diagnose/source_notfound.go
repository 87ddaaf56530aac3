package diagnose

import (
	"fmt"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

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
	case s.problem.Problem == fluxmsg.SourceHTTP && s.problem.HTTPStatus >= 500:
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Wait, or ask the operator of %s: the server answers with status %d, and Flux retries", s.host(), s.problem.HTTPStatus)}}
		return
	case s.problem.Problem == fluxmsg.SourceRefNotFound || s.problem.Problem == fluxmsg.SourceManifestUnknown:
		s.refNotFound(f)
		return
	}
	field := s.addressField()
	fix := s.fix("Check the spelling of %s: there is no repository at that URL", field)
	if s.obj.GetKind() == health.BucketKind.Kind {
		fix = s.fix("Correct spec.bucketName, or create the bucket")
		if name := s.text("bucketName"); name != "" {
			f.Evidence = append(f.Evidence, evidence(s.obj, "spec.bucketName", name, time.Time{}))
		}
	}
	if strings.Contains(s.message, "empty") {
		fix = s.fix("Push a first commit to the repository")
	}
	if near, ok := s.similar(s.text("url")); ok {
		f.Message += fmt.Sprintf("; %s is fetched from %s", finding.RefOf(near), s.urlOf(near.Object))
		f.Evidence = append(f.Evidence, evidence(near, "spec.url", s.urlOf(near.Object), time.Time{}))
	}
	f.Fixes = []finding.Fix{fix}
	s.hidden(f)
}

// hidden adds that a repository that is not found may be hidden from its credentials:
// GitHub and GitLab give this answer for a private repository that a valid token or key
// is not allowed to read.
func (s fetchFailure) hidden(f *finding.Finding) {
	name, _ := s.secret()
	if name == "" || s.obj.GetKind() != health.GitRepositoryKind.Kind || !strings.Contains(s.message, "repository not found") {
		return
	}
	secret := coreRef("Secret", s.obj.GetNamespace(), name)
	f.Message += fmt.Sprintf("; either it does not exist, or the credentials in %s are not allowed to read it: hosts give the same answer", secret)
	f.Evidence = append(f.Evidence, evidence(s.obj, "spec.secretRef.name", name, time.Time{}))
	f.Fixes = []finding.Fix{
		s.fix("Check the spelling of spec.url: open it with an account that is allowed to read the repository"),
		{Text: fmt.Sprintf("If it is correct, allow the token or key in %s to read the repository", secret), Command: inspect(secret)},
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
	if s.obj.GetKind() == health.OCIRepositoryKind.Kind {
		list = finding.Fix{Text: "List the tags of the repository", Command: "flux list artifacts " + escape.ShellWord(s.text("url"))}
	}
	for _, name := range refFields[s.obj.GetKind()] {
		value := s.text("ref", name)
		if value == "" {
			continue
		}
		f.Evidence = append(f.Evidence, evidence(s.obj, "spec.ref."+name, value, time.Time{}))
		f.Message = fmt.Sprintf("%s requests %s %s, which its repository does not have: %s", s.verdict.Ref, refWord(name), value, firstLine(s.message))
		f.Fixes = []finding.Fix{list, s.fix("Correct spec.ref.%s, or restore the %s", name, refWord(name))}
		if name == "semver" {
			f.Message = fmt.Sprintf("%s requests a tag in the range %s, but its repository has none: %s", s.verdict.Ref, value, firstLine(s.message))
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
	f.Fixes = []finding.Fix{{Text: what, Command: "kubectl " + strings.TrimPrefix(inspect(s.verdict.Ref), "kubectl ")}}
	if name := s.text("verify", "secretRef", "name"); name != "" {
		f.Evidence = append(f.Evidence, evidence(s.obj, "spec.verify.secretRef.name", name, time.Time{}))
		f.Fixes = append(f.Fixes, s.fix("If you trust its signer, add the public key to Secret %s/%s", s.obj.GetNamespace(), name))
		return
	}
	f.Fixes = append(f.Fixes, s.fix("If you trust its signer, add the identity to spec.verify.matchOIDCIdentity"))
}

// invalidAddress reports a URL that this kind of source can't use.
func (s fetchFailure) invalidAddress(f *finding.Finding) {
	if s.obj.GetKind() == helmRepositoryKind.Kind && strings.HasPrefix(s.text("url"), "oci://") {
		f.Fixes = []finding.Fix{s.fix("Set spec.type: oci, since spec.url begins with oci://")}
		return
	}
	f.Fixes = []finding.Fix{s.fix("Correct %s according to the message", s.addressField())}
}
