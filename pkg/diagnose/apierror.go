package diagnose

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// explainAPIError turns an error of the API server, which Flux, Helm or a controller
// reports on obj, into causes. It returns nothing if the message does not explain
// anything, or the problem is fixed.
func (x *examiner) explainAPIError(obj finding.Ref, message string, at time.Time) (findings []finding.Finding, blame []finding.Ref) {
	said, ok := x.message(message).APIError()
	if !ok {
		return nil, nil
	}
	r := apiRefusal{x, obj, said, message, at}
	if f, ok := r.resize(); ok {
		return single(f)
	}
	switch said.Problem {
	case fluxmsg.APINoMatch:
		return r.noMatch()
	case fluxmsg.APIWebhook:
		return r.webhook()
	case fluxmsg.APIImmutable:
		return single(r.immutable())
	case fluxmsg.APIInvalid:
		return single(r.invalid())
	case fluxmsg.APIQuota:
		return single(r.quota())
	case fluxmsg.APIForbidden:
		return single(r.forbidden())
	case fluxmsg.APIPodSecurity:
		f := r.refusedFinding(codeCreateRefused, "PodSecurity", "is not allowed by the namespace's Pod Security level", "")
		return single(x.podSecurity(r.owner(), r.namespaceOf(), f))
	case fluxmsg.APIPolicy:
		return single(r.policy())
	case fluxmsg.APILimitRange:
		return single(r.limitRange())
	case fluxmsg.APIPriorityClass:
		return r.priorityClass()
	case fluxmsg.APINamespaceNotFound, fluxmsg.APINamespaceTerminating:
		return r.namespace()
	case fluxmsg.APIKindTerminating:
		return nil, r.definitionsLeaving()
	case fluxmsg.APIExists, fluxmsg.APIConflict:
		return single(r.ownedByOther())
	case fluxmsg.APIUnreachable:
		return nil, r.apiServices()
	}
	return nil, nil
}

func single(f finding.Finding) ([]finding.Finding, []finding.Ref) { return []finding.Finding{f}, nil }

// apiRefusal is one request that the API server rejected, under examination.
type apiRefusal struct {
	x       *examiner
	obj     finding.Ref
	parsed  fluxmsg.APIError
	message string
	at      time.Time
}

// refused is the object that was rejected, if the message names it; otherwise the one
// that reports the message.
func (r apiRefusal) refused() finding.Ref {
	named := r.parsed.Object
	if named.Name == "" || named.Kind == "" && named.Resource == "" {
		return r.obj
	}
	namespace := named.Namespace
	for _, gk := range r.x.kindsNamed(named.Kind) { // has those read that may be meant
		if named.Group == "" || named.Group == gk.Group {
			r.x.snap.Lookup(finding.Ref{APIVersion: gk.WithVersion("v1").GroupVersion().String(), Kind: gk.Kind, Namespace: namespace, Name: named.Name})
		}
	}
	for _, asked := range r.x.snap.Asked() {
		is := asked.Kind == named.Kind || named.Kind == "" && asked.Resource == named.Resource
		if !is || named.Group != "" && asked.Group != named.Group {
			continue
		}
		ref := finding.Ref{APIVersion: asked.Version, Kind: asked.Kind, Namespace: namespace, Name: named.Name}
		if asked.Group != "" {
			ref.APIVersion = asked.Group + "/" + asked.Version
		}
		if r.x.snap.Lookup(ref).Presence == snapshot.Present {
			return ref
		}
	}
	if named.Kind == "" {
		return r.obj
	}
	version := named.Version
	if named.Group != "" {
		version = named.Group + "/" + cmp.Or(named.Version, "v1")
	}
	return finding.Ref{APIVersion: version, Kind: named.Kind, Namespace: namespace, Name: named.Name}
}

// file is the file in the GitOps tree that contains the rejected object.
func (r apiRefusal) file() string {
	obj := r.x.snap.Lookup(r.obj).Object
	switch {
	case obj == nil:
		return ""
	case r.obj.GroupKind() == health.KustomizationKind:
		return strings.TrimPrefix(field.Text(obj.Object, "spec", "path"), "./")
	}
	return r.x.definedIn(obj)
}

// refusedFinding is the finding on an error whose message states what is wrong.
func (r apiRefusal) refusedFinding(code finding.Code, reason, what, fix string) finding.Finding {
	ref := r.owner()
	f := finding.Finding{
		Code: code, Ref: ref, Reason: cmp.Or(r.parsed.Reason, reason), Severity: finding.Critical, Since: r.at,
		Message:  fmt.Sprintf("%s %s: %s", ref, what, cmp.Or(firstLine(r.parsed.Detail), firstLine(r.message))),
		Evidence: r.proof(),
		Fixes:    []finding.Fix{{Text: fix, File: r.file()}},
	}
	if r.parsed.Field != "" {
		f.Message = fmt.Sprintf("%s %s: %s: %s", ref, what, r.parsed.Field, firstLine(r.parsed.Detail))
		f.Evidence = append(r.live(r.refused()), f.Evidence...)
	}
	return f
}

// invalid reports an object with a value that the API does not allow.
func (r apiRefusal) invalid() finding.Finding {
	f := r.refusedFinding(codeInvalid, "Invalid", "is invalid", "Correct the object's fields as the API documents them")
	detail := firstLine(r.parsed.Detail)
	switch {
	case f.Ref.GroupKind() == definitionKind && strings.HasPrefix(r.parsed.Field, "status.storedVersions"):
		// apiextensions-apiserver v0.36, validation.ValidateCustomResourceDefinitionStoredVersions
		f.Fixes[0].Text = "Keep that version in spec.versions (served: false is enough) until the stored objects are migrated to another one; without it they can't be read"
		f.Fixes[0].Command = "kubectl get crd " + escape.ShellWord(f.Ref.Name) + " -o jsonpath='{.status.storedVersions}'"
		return f
	case unchangeable.MatchString(detail):
		f.Fixes[0].Text = "Revert the change of " + cmp.Or(r.parsed.Field, "the field") + " in Git: it can't be changed in an existing object"
		f.Fixes[0].Command = describe(f.Ref)
		return f
	case strings.Contains(r.message, r.parsed.Field+" in body must be of type string"): // apiextensions-apiserver v0.36, validation
		f.Fixes[0].Text = fmt.Sprintf("Write %s as a string, in quotes: without quotes, YAML reads null, numbers, true and false as other types", r.parsed.Field)
	case r.parsed.Field != "":
		f.Fixes[0].Text = fmt.Sprintf("Correct %s: %s", r.parsed.Field, detail)
	}
	f.Fixes[0].Command = "kubectl explain " + escape.ShellWord(strings.ToLower(f.Ref.Kind)) + " --recursive"
	return f
}

// unchangeable matches details of rejected changes that do not contain "immutable"
// (kubernetes v1.36, pkg/apis/core/validation and pkg/apis/storage/validation).
var unchangeable = regexp.MustCompile(`may not change once set|updates to \S+ are forbidden|can not be less than|is forbidden to change|may not be changed`)

// ownedByOther reports an object that another manager or release owns.
func (r apiRefusal) ownedByOther() finding.Finding {
	f := r.refusedFinding(codeObjectConflict, string(r.parsed.Problem), "is managed by another owner", "")
	owner := r.parsed.Manager
	obj := r.x.snap.Lookup(f.Ref).Object
	for _, key := range []string{"meta.helm.sh/release-name", "kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name"} {
		if obj == nil {
			break
		}
		path, value := "metadata.annotations", obj.GetAnnotations()[key]
		if value == "" {
			path, value = "metadata.labels", obj.GetLabels()[key]
		}
		if value != "" && value != r.obj.Name {
			owner = cmp.Or(owner, value)
			f.Evidence = append(f.Evidence, evidence(obj, path+"["+key+"]", value, time.Time{}))
		}
	}
	look := escape.Command("kubectl get %s %s%s -o yaml --show-managed-fields", resourceOf(f.Ref), f.Ref.Name, escape.Shell(inNamespace(f.Ref)))
	f.Fixes = []finding.Fix{{Text: "Check what manages the object", Command: look, File: r.file()}}
	if owner != "" {
		f.Fixes[0].Text = fmt.Sprintf("Let one owner manage it: remove it, or the fields that the message names, either from %s or from %s", owner, r.obj)
	}
	return f
}

// live is the rejected field as it is in the cluster: the rejected value is only in Git.
func (r apiRefusal) live(ref finding.Ref) []finding.Evidence {
	obj := r.x.snap.Lookup(ref).Object
	if obj == nil {
		return nil
	}
	value, ok := valueAt(obj.Object, r.parsed.Field)
	if !ok || strings.HasSuffix(value, "…") {
		return nil
	}
	if text := field.Text(obj.Object, strings.Split(strings.TrimPrefix(r.parsed.Field, "."), ".")...); text != "" {
		value = text // not in quotes
	}
	return []finding.Evidence{evidence(obj, strings.TrimPrefix(r.parsed.Field, "."), value, time.Time{})}
}
