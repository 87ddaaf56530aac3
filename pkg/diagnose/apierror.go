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

// explainAPIError turns what the API server refused, as Flux, Helm or a
// controller passes it on about obj, into causes. Nothing comes back for what
// the message does not explain, or what is mended by now.
func (x *examiner) explainAPIError(obj finding.Ref, message string, at time.Time) (findings []finding.Finding, blame []finding.Ref) {
	said, ok := x.message(message).APIError()
	if !ok {
		return nil, nil
	}
	r := apiRefusal{x, obj, said, message, at}
	if f, ok := r.resize(); ok {
		return one(f)
	}
	switch said.Problem {
	case fluxmsg.APINoMatch:
		return r.noMatch()
	case fluxmsg.APIWebhook:
		return r.webhook()
	case fluxmsg.APIImmutable:
		return one(r.immutable())
	case fluxmsg.APIInvalid:
		return one(r.invalid())
	case fluxmsg.APIQuota:
		return one(r.quota())
	case fluxmsg.APIForbidden:
		return one(r.forbidden())
	case fluxmsg.APIPodSecurity:
		f := r.plain(codeCreateRefused, "PodSecurity", "is not allowed by the namespace's Pod Security level", "")
		return one(x.podSecurity(r.owner(), r.namespaceOf(), f))
	case fluxmsg.APIPolicy:
		return one(r.policy())
	case fluxmsg.APILimitRange:
		return one(r.limitRange())
	case fluxmsg.APIPriorityClass:
		return r.priorityClass()
	case fluxmsg.APINamespaceNotFound, fluxmsg.APINamespaceTerminating:
		return r.namespace()
	case fluxmsg.APIKindTerminating:
		return nil, r.definitionsLeaving()
	case fluxmsg.APIExists, fluxmsg.APIConflict:
		return one(r.ownedByOther())
	case fluxmsg.APIUnreachable:
		return nil, r.apiServices()
	}
	return nil, nil
}

func one(f finding.Finding) ([]finding.Finding, []finding.Ref) { return []finding.Finding{f}, nil }

// apiRefusal is one refusal of the API server under examination.
type apiRefusal struct {
	x       *examiner
	obj     finding.Ref
	said    fluxmsg.APIError
	message string
	at      time.Time
}

// refused is the object that was refused, where the message names it; else the
// one that passes the message on.
func (r apiRefusal) refused() finding.Ref {
	named := r.said.Object
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

// file is where in the GitOps tree the refused object comes from.
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

// plain is a refusal that says itself what is wrong.
func (r apiRefusal) plain(code finding.Code, reason, what, fix string) finding.Finding {
	ref := r.owner()
	f := finding.Finding{
		Code: code, Ref: ref, Reason: cmp.Or(r.said.Reason, reason), Severity: finding.Critical, Since: r.at,
		Message:  fmt.Sprintf("%s %s: %s", ref, what, cmp.Or(firstLine(r.said.Detail), firstLine(r.message))),
		Evidence: r.proof(),
		Fixes:    []finding.Fix{{Text: fix, File: r.file()}},
	}
	if r.said.Field != "" {
		f.Message = fmt.Sprintf("%s %s: %s: %s", ref, what, r.said.Field, firstLine(r.said.Detail))
		f.Evidence = append(r.live(r.refused()), f.Evidence...)
	}
	return f
}

// invalid is an object with a value that the API does not allow.
func (r apiRefusal) invalid() finding.Finding {
	f := r.plain(codeInvalid, "Invalid", "is invalid", "Correct the object's fields as the API documents them")
	detail := firstLine(r.said.Detail)
	switch {
	case f.Ref.GroupKind() == definitionKind && strings.HasPrefix(r.said.Field, "status.storedVersions"):
		// apiextensions-apiserver v0.36, validation.ValidateCustomResourceDefinitionStoredVersions
		f.Fixes[0].Text = "Keep that version in spec.versions (served: false is enough) until the stored objects are migrated to another one; without it they can't be read"
		f.Fixes[0].Command = "kubectl get crd " + escape.ShellWord(f.Ref.Name) + " -o jsonpath='{.status.storedVersions}'"
		return f
	case unchangeable.MatchString(detail):
		f.Fixes[0].Text = "Revert the change of " + cmp.Or(r.said.Field, "the field") + " in Git: it can't be changed in an existing object"
		f.Fixes[0].Command = describe(f.Ref)
		return f
	case strings.Contains(r.message, r.said.Field+" in body must be of type string"): // apiextensions-apiserver v0.36, validation
		f.Fixes[0].Text = fmt.Sprintf("Write %s as a string, in quotes: without quotes, YAML reads null, numbers, true and false as other types", r.said.Field)
	case r.said.Field != "":
		f.Fixes[0].Text = fmt.Sprintf("Correct %s: %s", r.said.Field, detail)
	}
	f.Fixes[0].Command = "kubectl explain " + escape.ShellWord(strings.ToLower(f.Ref.Kind)) + " --recursive"
	return f
}

// unchangeable are details of refused changes that don't say "immutable"
// (kubernetes v1.36, pkg/apis/core/validation and pkg/apis/storage/validation).
var unchangeable = regexp.MustCompile(`may not change once set|updates to \S+ are forbidden|can not be less than|is forbidden to change|may not be changed`)

// ownedByOther is an object that another manager or release has.
func (r apiRefusal) ownedByOther() finding.Finding {
	f := r.plain(codeObjectConflict, string(r.said.Problem), "is managed by another owner", "")
	owner := r.said.Manager
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

// live is the field that was refused, as it is in the cluster: what is refused
// stands in Git, and is not there.
func (r apiRefusal) live(ref finding.Ref) []finding.Evidence {
	obj := r.x.snap.Lookup(ref).Object
	if obj == nil {
		return nil
	}
	value, ok := valueAt(obj.Object, r.said.Field)
	if !ok || strings.HasSuffix(value, "…") {
		return nil
	}
	if text := field.Text(obj.Object, strings.Split(strings.TrimPrefix(r.said.Field, "."), ".")...); text != "" {
		value = text // not in quotes
	}
	return []finding.Evidence{evidence(obj, strings.TrimPrefix(r.said.Field, "."), value, time.Time{})}
}
