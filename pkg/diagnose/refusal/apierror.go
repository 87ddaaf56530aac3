// Package refusal explains why an API server refuses a request: admission,
// webhooks, quotas, missing kinds, immutable fields.
package refusal

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/apierror"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// ExplainAPIError turns an error of the API server, which Flux, Helm or a controller
// reports on obj, into causes. It returns nothing if the message does not explain
// anything, or the problem is fixed.
func ExplainAPIError(x *engine.Context, obj object.Ref, message string, at time.Time) (findings []finding.Finding, blame []object.Ref) {
	parsed, ok := x.Message(message).APIError()
	if !ok {
		return nil, nil
	}
	r := Refusal{x, obj, parsed, message, at}
	if f, ok := r.resize(); ok {
		return single(f)
	}
	switch parsed.Problem {
	case apierror.ProblemNoMatch:
		return r.noMatch()
	case apierror.ProblemWebhook:
		return r.webhook()
	case apierror.ProblemImmutable:
		return single(r.immutable())
	case apierror.ProblemInvalid:
		return single(r.invalid())
	case apierror.ProblemQuota:
		return single(r.quota())
	case apierror.ProblemForbidden:
		return single(r.forbidden())
	case apierror.ProblemPodSecurity:
		f := r.refusedFinding(engine.CodeCreateRefused, "PodSecurity", "is not allowed by the namespace's Pod Security level", "")
		return single(PodSecurity(x, r.owner(), r.namespaceOf(), f))
	case apierror.ProblemPolicy:
		return single(r.policy())
	case apierror.ProblemLimitRange:
		return single(r.limitRange())
	case apierror.ProblemPriorityClass:
		return r.priorityClass()
	case apierror.ProblemNamespaceNotFound, apierror.ProblemNamespaceTerminating:
		return r.namespace()
	case apierror.ProblemKindTerminating:
		return nil, r.definitionsLeaving()
	case apierror.ProblemExists, apierror.ProblemConflict:
		return single(r.ownedByOther())
	case apierror.ProblemUnreachable:
		return nil, r.APIServices()
	}
	return nil, nil
}

func single(f finding.Finding) ([]finding.Finding, []object.Ref) { return []finding.Finding{f}, nil }

// Refusal is one request that the API server rejected, under examination.
type Refusal struct {
	X       *engine.Context
	Obj     object.Ref
	Parsed  apierror.Error
	Message string
	at      time.Time
}

// Refused is the object that was rejected, if the message names it; otherwise the one
// that reports the message.
func (r Refusal) Refused() object.Ref {
	named := r.Parsed.Object
	if named.Name == "" || named.Kind == "" && named.Resource == "" {
		return r.Obj
	}
	namespace := named.Namespace
	for _, gk := range r.X.KindsNamed(named.Kind) { // requests the kinds that may be meant
		if named.Group == "" || named.Group == gk.Group {
			r.X.Snap.Lookup(object.Ref{APIVersion: gk.WithVersion("v1").GroupVersion().String(), Kind: gk.Kind, Namespace: namespace, Name: named.Name})
		}
	}
	for _, requested := range r.X.Snap.Requests() {
		is := requested.Kind == named.Kind || named.Kind == "" && requested.Resource == named.Resource
		if !is || named.Group != "" && requested.Group != named.Group {
			continue
		}
		ref := object.Ref{APIVersion: requested.Version, Kind: requested.Kind, Namespace: namespace, Name: named.Name}
		if requested.Group != "" {
			ref.APIVersion = requested.Group + "/" + requested.Version
		}
		if r.X.Snap.Lookup(ref).Presence == snapshot.Present {
			return ref
		}
	}
	if named.Kind == "" {
		return r.Obj
	}
	version := named.Version
	if named.Group != "" {
		version = named.Group + "/" + cmp.Or(named.Version, "v1")
	}
	return object.Ref{APIVersion: version, Kind: named.Kind, Namespace: namespace, Name: named.Name}
}

// file is the file in the GitOps tree that contains the rejected object.
func (r Refusal) file() string {
	obj := r.X.Snap.Lookup(r.Obj).Object
	switch {
	case obj == nil:
		return ""
	case r.Obj.GroupKind() == object.KustomizationKind:
		return strings.TrimPrefix(object.Text(obj.Object, "spec", "path"), "./")
	}
	return r.X.DefinedIn(obj)
}

// refusedFinding is the finding on an error whose message states what is wrong.
func (r Refusal) refusedFinding(code finding.Code, reason, what, fix string) finding.Finding {
	ref := r.owner()
	f := finding.Finding{
		Code: code, Ref: ref, Reason: cmp.Or(r.Parsed.Reason, reason), Severity: finding.Critical, Since: r.at,
		Message:  fmt.Sprintf("%s %s: %s", ref, what, cmp.Or(health.FirstLine(r.Parsed.Detail), health.FirstLine(r.Message))),
		Evidence: r.proof(),
		Fixes:    []finding.Fix{{Text: fix, File: r.file()}},
	}
	if r.Parsed.Field != "" {
		f.Message = fmt.Sprintf("%s %s: %s: %s", ref, what, r.Parsed.Field, health.FirstLine(r.Parsed.Detail))
		f.Evidence = append(r.live(r.Refused()), f.Evidence...)
	}
	return f
}

// invalid reports an object with a value that the API does not allow.
func (r Refusal) invalid() finding.Finding {
	f := r.refusedFinding(engine.CodeInvalid, "Invalid", "is invalid", "Correct the object's fields as the API documents them")
	detail := health.FirstLine(r.Parsed.Detail)
	switch {
	case f.Ref.GroupKind() == object.DefinitionKind && strings.HasPrefix(r.Parsed.Field, "status.storedVersions"):
		// apiextensions-apiserver v0.36, validation.ValidateCustomResourceDefinitionStoredVersions
		f.Fixes[0].Text = "Keep that version in spec.versions (served: false is enough) until the stored objects are migrated to another one; without it they can't be read"
		f.Fixes[0].Command = "kubectl get crd " + escape.ShellWord(f.Ref.Name) + " -o jsonpath='{.status.storedVersions}'"
		return f
	case unchangeable.MatchString(detail):
		f.Fixes[0].Text = "Revert the change of " + cmp.Or(r.Parsed.Field, "the field") + " in Git: it can't be changed in an existing object"
		f.Fixes[0].Command = engine.Describe(f.Ref)
		return f
	case strings.Contains(r.Message, r.Parsed.Field+" in body must be of type string"): // apiextensions-apiserver v0.36, validation
		f.Fixes[0].Text = fmt.Sprintf("Write %s as a string, in quotes: without quotes, YAML reads null, numbers, true and false as other types", r.Parsed.Field)
	case r.Parsed.Field != "":
		f.Fixes[0].Text = fmt.Sprintf("Correct %s: %s", r.Parsed.Field, detail)
	}
	f.Fixes[0].Command = "kubectl explain " + escape.ShellWord(strings.ToLower(f.Ref.Kind)) + " --recursive"
	return f
}

// unchangeable matches details of rejected changes that do not contain "immutable"
// (kubernetes v1.36, pkg/apis/core/validation and pkg/apis/storage/validation).
var unchangeable = regexp.MustCompile(`may not change once set|updates to \S+ are forbidden|can not be less than|is forbidden to change|may not be changed`)

// ownedByOther reports an object that another manager or release owns.
func (r Refusal) ownedByOther() finding.Finding {
	f := r.refusedFinding(engine.CodeObjectConflict, string(r.Parsed.Problem), "is managed by another owner", "")
	owner := r.Parsed.Manager
	obj := r.X.Snap.Lookup(f.Ref).Object
	for _, key := range []string{"meta.helm.sh/release-name", "kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name"} {
		if obj == nil {
			break
		}
		path, value := "metadata.annotations", obj.GetAnnotations()[key]
		if value == "" {
			path, value = "metadata.labels", obj.GetLabels()[key]
		}
		if value != "" && value != r.Obj.Name {
			owner = cmp.Or(owner, value)
			f.Evidence = append(f.Evidence, engine.Evidence(obj, path+"["+key+"]", value, time.Time{}))
		}
	}
	look := escape.Command("kubectl get %s %s%s -o yaml --show-managed-fields", engine.ResourceOf(f.Ref), f.Ref.Name, escape.Shell(inNamespace(f.Ref)))
	f.Fixes = []finding.Fix{{Text: "Check what manages the object", Command: look, File: r.file()}}
	if owner != "" {
		f.Fixes[0].Text = fmt.Sprintf("Decide whether %s or %s manages the object. Stop the other from applying it, or from setting the fields in the message", owner, r.Obj)
	}
	return f
}

// live is the rejected field as it is in the cluster: the rejected value is only in Git.
func (r Refusal) live(ref object.Ref) []finding.Evidence {
	obj := r.X.Snap.Lookup(ref).Object
	if obj == nil {
		return nil
	}
	value, ok := engine.ValueAt(obj.Object, r.Parsed.Field)
	if !ok || strings.HasSuffix(value, "…") {
		return nil
	}
	if text := object.Text(obj.Object, strings.Split(strings.TrimPrefix(r.Parsed.Field, "."), ".")...); text != "" {
		value = text // not in quotes
	}
	return []finding.Evidence{engine.Evidence(obj, strings.TrimPrefix(r.Parsed.Field, "."), value, time.Time{})}
}

// proof quotes the condition or event of the object that contains the message, or its
// Ready condition if none does.
func (r Refusal) proof() []finding.Evidence {
	obj := r.X.Snap.Lookup(r.Obj).Object
	if obj == nil {
		return nil
	}
	message := strings.TrimSpace(r.Message)
	for _, c := range object.Conditions(object.Map(obj.Object, "status"), "status") {
		if c.Message == message && c.Status != "" {
			return []finding.Evidence{engine.Quote(obj, c)}
		}
	}
	for _, e := range r.X.Health.Warnings[r.Obj.Key()] {
		if e.Message == message {
			return []finding.Evidence{engine.EventEvidence(r.Obj, e)}
		}
	}
	if ready := object.ConditionOf(obj, "Ready"); ready.Status != "" {
		return []finding.Evidence{engine.QuoteWithStatus(obj, ready)}
	}
	return nil
}

// last is when the API server last rejected the request with this message, according to
// events.
func (r Refusal) last() time.Time {
	last := r.at
	for _, e := range r.X.Health.Warnings[r.Obj.Key()] {
		if e.Message == strings.TrimSpace(r.Message) && e.Last.After(last) {
			last = e.Last
		}
	}
	return last
}
