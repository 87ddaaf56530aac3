// Package apierror parses the messages with which an API server refuses a
// request.
package apierror

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// APIError is what the API server refused, as reported by a dry run of Flux, by Helm,
// or by a controller that could not create a pod.
type APIError struct {
	// Object is the refused object, as far as the message names it.
	Object  match.Object
	Problem APIProblem
	// Reason is the reason of the API ("Invalid", "Forbidden") if Flux has it.
	Reason string
	// Detail is the message of the API server or the webhook.
	Detail string

	// Unserved is set for APINoMatch: a kind, with its group and version if the
	// message has them.
	Unserved match.Object
	// Field is set for APIImmutable and APIInvalid if the message names a field.
	Field string
	// Changed are the fields below Field that the request changes, if the API server
	// shows the difference.
	Changed []string
	// Namespace is set for APINamespaceNotFound and APINamespaceTerminating.
	Namespace string
	// Missing is the referenced object that does not exist, for
	// APIServiceAccountNotFound and APIPriorityClass.
	Missing match.Object
	// Manager is set for APIConflict if the message names another field manager.
	Manager string
	Webhook Webhook // for APIWebhook
	Policy  Policy  // for APIPolicy
	Limit   Limit   // for APILimitRange
	Quota   Quota   // for APIQuota
	Access  Access  // for APIForbidden where a user may not do something
}

// APIProblem is why the API server refused.
type APIProblem string

// The problems an APIError has. The texts are of k8s.io/apimachinery v0.36,
// pkg/api/errors and pkg/api/meta/errors.go, unless a reader says otherwise.
const (
	APINoMatch     APIProblem = "NoMatch"   // no such kind, or not in that version
	APIImmutable   APIProblem = "Immutable" // a field that may not change
	APIInvalid     APIProblem = "Invalid"
	APIWebhook     APIProblem = "Webhook"
	APIQuota       APIProblem = "Quota"
	APIPodSecurity APIProblem = "PodSecurity"
	APIForbidden   APIProblem = "Forbidden"
	// The service account of a pod does not exist.
	APIServiceAccountNotFound APIProblem = "ServiceAccountNotFound"
	// The PriorityClass of a pod does not exist.
	APIPriorityClass        APIProblem = "PriorityClassNotFound"
	APIPolicy               APIProblem = "AdmissionPolicy"
	APILimitRange           APIProblem = "LimitRange"
	APINamespaceNotFound    APIProblem = "NamespaceNotFound"
	APINamespaceTerminating APIProblem = "NamespaceTerminating"
	// The CustomResourceDefinition of the object is being deleted
	// (k8s.io/apiextensions-apiserver v0.36, pkg/apiserver/customresource_handler.go).
	APIKindTerminating APIProblem = "KindTerminating"
	APIExists          APIProblem = "Exists"   // also when another release owns it
	APIConflict        APIProblem = "Conflict" // changed meanwhile, or managed by another
	APINotFound        APIProblem = "NotFound"
	APITimeout         APIProblem = "Timeout"
	APIUnreachable     APIProblem = "Unreachable"
	APIOther           APIProblem = "Other" // refused, in words not known here
)

// apiErrorReader fills in an error if the text is of its kind. refused means that the
// surrounding text only ever contains an error of the API server.
type apiErrorReader func(text string, refused bool, e *APIError) bool

// The order matters: a webhook's and an admission plugin's words come inside
// "is forbidden", which comes inside others' words.
var apiErrorReaders = []apiErrorReader{
	readWebhook, readAdmission, readQuota, readNamespace, readKindTerminating, readNoMatch, readAccess, readConflict,
	readExists, readInvalid, readUnknownField, readForbidden, readTrouble,
}

// ParseAPIError parses an error of the API server at any position in a message.
func ParseAPIError(message string) (APIError, bool) {
	text := strings.TrimSpace(match.Bound(message))
	var e APIError
	rest, refused := Unwrap(text, &e)
	for _, read := range apiErrorReaders {
		if read(rest, refused, &e) {
			subject(rest, &e.Object)
			return e, true
		}
	}
	if !refused {
		return APIError{}, false
	}
	e.Problem, e.Detail = APIOther, match.Detail(match.FirstLine(rest))
	return e, true
}
