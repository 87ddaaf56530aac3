package diff

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/message/apierror"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
)

// The status codes of HTTP (RFC 9110, section 15) that do not depend on the object.
const (
	unauthorized    = 401
	tooManyRequests = 429
	serverError     = 500
)

// rejected is what a failed request shows about the object.
func (p *Plan) rejected(l *layerPlan, i item, answer Answer, failure *Failure) Change {
	kind := i.ref.GroupKind()
	switch {
	case failure.NotServed:
		return p.notServed(i, kind)
	case failure.Code == 0, failure.Code == unauthorized, failure.Code == tooManyRequests:
		return Change{Action: Unknown, Message: failure.Message}
	}
	parsed := parse(i.ref, failure)
	switch parsed.Problem {
	case apierror.ProblemNamespaceNotFound:
		if p.namespaces[i.ref.Namespace] && answer.Live == nil {
			return p.added(i, i.desired, "the repository creates its namespace")
		}
		return Change{Action: Rejected, Message: fmt.Sprintf("the namespace %s does not exist", i.ref.Namespace)}
	case apierror.ProblemForbidden:
		if a := parsed.Access; a != (apierror.Access{}) {
			return Change{Action: Unknown, Message: missing(a)}
		}
	case apierror.ProblemTimeout, apierror.ProblemUnreachable:
		return Change{Action: Unknown, Message: p.text(failure.Message)}
	case apierror.ProblemWebhook:
		return p.webhook(parsed.Webhook, parsed.Detail)
	}
	if answer.Live != nil {
		if c, ok := p.immutable(l, i, answer, failure, parsed); ok {
			return c
		}
	}
	if failure.Code >= serverError {
		return Change{Action: Unknown, Message: p.text(failure.Message)}
	}
	c := Change{Action: Rejected, Message: p.text(cmp.Or(parsed.Detail, failure.Message))}
	if parsed.Field != "" {
		c.Message = parsed.Field + ": " + c.Message
		c.Fields = p.rejectedField(i, answer, parsed.Field)
	}
	return c
}

// parse parses the message of a failure. Its text is Flux's, which the parser knows
// (fluxcd/pkg/ssa v0.76.2, errors/dry_run.go).
func parse(ref object.Ref, failure *Failure) apierror.Error {
	text := fmt.Sprintf("%s/%s dry-run failed (%s): %s", ref.Kind, slashed(ref), cmp.Or(failure.Reason, "Unknown"), failure.Message)
	parsed, _ := apierror.Parse(text)
	return parsed
}

// unread is why an object could not be read.
func (p *Plan) unread(ref object.Ref, failure *Failure) string {
	if a := parse(ref, failure).Access; failure.Code != 0 && a != (apierror.Access{}) {
		return missing(a)
	}
	return p.text(failure.Message)
}

// notServed is the result for a kind that the cluster does not serve, or not in the version.
func (p *Plan) notServed(i item, kind schema.GroupKind) Change {
	_, known := p.scope(kind)
	switch defined := slices.Contains(p.kinds[kind], i.ref.APIVersion); {
	case defined && !known:
		return p.added(i, i.desired, "the repository creates its CustomResourceDefinition")
	case defined:
		return Change{Action: Unknown, Message: fmt.Sprintf("the cluster does not serve version %s of the kind, which the repository adds to its CustomResourceDefinition", i.ref.APIVersion)}
	case known, p.kinds[kind] != nil:
		return Change{Action: Rejected, Message: fmt.Sprintf("the cluster does not serve %s in version %s", kind.Kind, i.ref.APIVersion)}
	}
	return Change{Action: Unknown, Message: fmt.Sprintf("the cluster does not serve the kind %s, and no CustomResourceDefinition of the repository defines it; a Helm chart may", kind)}
}

// missing names the permission that the user lacks. What Flux may do is not known from it.
func missing(a apierror.Access) string {
	if a.Verb == "" {
		return forbidden + "you would grant permissions that you do not have"
	}
	resource := schema.GroupResource{Group: a.APIGroup, Resource: a.Resource}.String()
	if a.Namespace == "" {
		return fmt.Sprintf(forbidden+"cannot %s %s at the cluster scope", a.Verb, resource)
	}
	return fmt.Sprintf(forbidden+"cannot %s %s in namespace %q", a.Verb, resource, a.Namespace)
}

// webhook is the result if an admission webhook rejected the object, or could not be called.
func (p *Plan) webhook(w apierror.Webhook, detail string) Change {
	detail = p.text(detail)
	switch w.Failure {
	case apierror.WebhookDenied:
		return Change{Action: Rejected, Message: fmt.Sprintf("webhook %s: %s", w.Name, cmp.Or(detail, "denied without explanation"))}
	case apierror.WebhookNoDryRun:
		return Change{Action: Unknown, Message: fmt.Sprintf("webhook %s has side effects, so a dry run is not possible", w.Name)}
	case apierror.WebhookTimeout:
		return Change{Action: Unknown, Message: fmt.Sprintf("webhook %s timed out", w.Name)}
	}
	return Change{Action: Rejected, Message: fmt.Sprintf("webhook %s could not be called: %s", w.Name, cmp.Or(detail, string(w.Failure)))}
}

// immutable is the result if the tree changes a field that can't change. As in Flux, all invalid
// changes and conflicts count as immutable if it may force them (fluxcd/pkg/ssa v0.76.2,
// shouldForceApply and errors/immutable.go).
func (p *Plan) immutable(l *layerPlan, i item, answer Answer, failure *Failure, parsed apierror.Error) (Change, bool) {
	_, forcedTree := find(i.desired, forced)
	_, forcedLive := find(answer.Live, forced)
	force := forcedTree || forcedLive || object.Bool(l.spec.Object, "spec", "force")
	isImmutable := parsed.Problem == apierror.ProblemImmutable
	if !isImmutable && (!force || failure.Reason != "Invalid" && failure.Reason != "Conflict") {
		return Change{}, false
	}
	c := Change{Action: Immutable, Message: p.text(cmp.Or(parsed.Detail, failure.Message)), Fields: p.rejectedField(i, answer, parsed.Field)}
	if parsed.Field != "" {
		c.Message = parsed.Field + ": " + c.Message
	}
	if force {
		c.Action = Recreated
		c.Warnings = append([]string{"Flux deletes it, then creates it again"}, pruneWarnings(answer.Live)...)
	}
	return c, true
}

// rejectedField is the field that was rejected, as the cluster and the tree have it.
func (p *Plan) rejectedField(i item, answer Answer, path string) []Field {
	if path == "" {
		return nil
	}
	if written, ok := writtenAs[path]; ok {
		path = written
	}
	f := Field{Path: path}
	old, now := p.masked(answer.Live, i.desired)
	if old != nil {
		f.Old, _ = object.Quote(old.Object, path)
	}
	f.New, _ = object.Quote(now.Object, path)
	f.At, _ = i.applied.Locate(path)
	return []Field{f}
}

// writtenAs are the fields that manifests set in place of those that messages name.
var writtenAs = map[string]string{"spec.clusterIPs[0]": "spec.clusterIP"}

// text is a message of the API server without secrets.
func (p *Plan) text(message string) string { return p.withoutSecrets(mask.Mask(oneLine(message))) }

func slashed(ref object.Ref) string {
	if ref.Namespace == "" {
		return ref.Name
	}
	return ref.Namespace + "/" + ref.Name
}
