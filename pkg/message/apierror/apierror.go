// Package apierror parses the messages with which an API server refuses a
// request.
package apierror

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// Error is what the API server refused, as reported by a dry run of Flux, by Helm,
// or by a controller that could not create a pod.
type Error struct {
	// Object is the refused object, as far as the message names it.
	Object  match.Object
	Problem Problem
	// Reason is the reason of the API ("Invalid", "Forbidden") if Flux has it.
	Reason string
	// Detail is the message of the API server or the webhook.
	Detail string

	// Unserved is set for ProblemNoMatch: a kind, with its group and version if the
	// message has them.
	Unserved match.Object
	// Field is set for ProblemImmutable and ProblemInvalid if the message names a field.
	Field string
	// Changed are the fields below Field that the request changes, if the API server
	// shows the difference.
	Changed []string
	// Namespace is set for ProblemNamespaceNotFound and ProblemNamespaceTerminating.
	Namespace string
	// Missing is the referenced object that does not exist, for
	// ProblemServiceAccountNotFound and ProblemPriorityClass.
	Missing match.Object
	// Manager is set for ProblemConflict if the message names another field manager.
	Manager string
	Webhook Webhook // for ProblemWebhook
	Policy  Policy  // for ProblemPolicy
	Limit   Limit   // for ProblemLimitRange
	Quota   Quota   // for ProblemQuota
	Access  Access  // for ProblemForbidden if a user lacks a permission
}

// Problem is why the API server refused.
type Problem string

// The problems an Error has. The texts are of k8s.io/apimachinery v0.36, pkg/api/errors and
// pkg/api/meta/errors.go, unless a reader names another source.
const (
	ProblemNoMatch     Problem = "NoMatch"   // no such kind, or not in that version
	ProblemImmutable   Problem = "Immutable" // a field that may not change
	ProblemInvalid     Problem = "Invalid"
	ProblemWebhook     Problem = "Webhook"
	ProblemQuota       Problem = "Quota"
	ProblemPodSecurity Problem = "PodSecurity"
	ProblemForbidden   Problem = "Forbidden"
	// The service account of a pod does not exist.
	ProblemServiceAccountNotFound Problem = "ServiceAccountNotFound"
	// The PriorityClass of a pod does not exist.
	ProblemPriorityClass        Problem = "PriorityClassNotFound"
	ProblemPolicy               Problem = "AdmissionPolicy"
	ProblemLimitRange           Problem = "LimitRange"
	ProblemNamespaceNotFound    Problem = "NamespaceNotFound"
	ProblemNamespaceTerminating Problem = "NamespaceTerminating"
	// The CustomResourceDefinition of the object is being deleted
	// (k8s.io/apiextensions-apiserver v0.36, pkg/apiserver/customresource_handler.go).
	ProblemKindTerminating Problem = "KindTerminating"
	ProblemExists          Problem = "Exists"   // also when another release owns it
	ProblemConflict        Problem = "Conflict" // changed in the meantime, or managed by another
	ProblemNotFound        Problem = "NotFound"
	ProblemTimeout         Problem = "Timeout"
	ProblemUnreachable     Problem = "Unreachable"
	ProblemOther           Problem = "Other" // refused for an unknown reason
)

// reader fills in an error if the text is of its kind. refused means that the
// surrounding text only ever contains an error of the API server.
type reader func(text string, refused bool, e *Error) bool

// The order matters: the message of a webhook or an admission plugin follows "is forbidden",
// and both may be inside of the message of another program.
var readers = []reader{
	readWebhook, readAdmission, readQuota, readNamespace, readKindTerminating, readNoMatch, readAccess, readConflict,
	readExists, readInvalid, readUnknownField, readForbidden, readTrouble,
}

// Parse parses an error of the API server at any position in a message.
func Parse(message string) (Error, bool) {
	text := strings.TrimSpace(match.Bound(message))
	var e Error
	rest, refused := Unwrap(text, &e)
	for _, read := range readers {
		if read(rest, refused, &e) {
			subject(rest, &e.Object)
			return e, true
		}
	}
	if !refused {
		return Error{}, false
	}
	e.Problem, e.Detail = ProblemOther, match.Detail(match.FirstLine(rest))
	return e, true
}
