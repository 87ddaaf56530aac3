package patch

import (
	"errors"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Error is a request for one object that failed.
type Error struct {
	Ref object.Ref
	// Verb is the verb that the request requires, on Resource ("plural.group").
	Verb, Resource string
	Err            error
}

// Error describes what was attempted and what failed, in one line.
func (e *Error) Error() string {
	tried := map[string]string{"patch": "changing ", "get": "reading "}[e.Verb] + e.Ref.String()
	switch {
	case e.Forbidden():
		return tried + ": " + e.Missing()
	case e.Absent():
		return tried + ": it no longer exists"
	case apierrors.IsNotFound(e.Err):
		return tried + ": the cluster no longer serves " + e.Resource + " at " + e.Ref.APIVersion
	case apierrors.IsConflict(e.Err):
		return tried + ": other clients change it at the same time"
	case request.TimedOut(e.Err):
		return tried + ": the API server did not answer in time"
	}
	why := e.Err
	var failed *url.Error // its text has the whole address in it
	if errors.As(why, &failed) {
		why = failed.Err
	}
	return tried + ": " + mask.Mask(why.Error())
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Forbidden reports whether the user lacks the permission. An admission policy rejects
// with the same code but another message (k8s.io/apiserver v0.36,
// responsewriters.Forbidden).
func (e *Error) Forbidden() bool {
	return apierrors.IsForbidden(e.Err) && strings.Contains(e.Err.Error(), "cannot "+e.Verb+" resource")
}

// Missing is the permission that the user lacks, if it is Forbidden.
func (e *Error) Missing() string {
	return snapshot.Failure{Reason: snapshot.Forbidden, Verb: e.Verb, Resource: e.Resource, Namespace: e.Ref.Namespace}.String()
}

// Absent reports whether the object does not exist. For a kind that is no longer served
// the answer has the same code, but names no object.
func (e *Error) Absent() bool {
	var status apierrors.APIStatus
	return apierrors.IsNotFound(e.Err) && errors.As(e.Err, &status) &&
		status.Status().Details != nil && status.Status().Details.Name != ""
}

// Passing reports whether the same request may succeed later.
func (e *Error) Passing() bool {
	var status apierrors.APIStatus
	var answer request.AnswerError
	if errors.As(e.Err, &answer) {
		return answer.Passing
	}
	if !errors.As(e.Err, &status) {
		return true // no answer at all: the network, or a server that restarts
	}
	return apierrors.IsConflict(e.Err) || apierrors.IsTooManyRequests(e.Err) || status.Status().Code >= 500
}
