package issuance

import (
	"errors"
	"fmt"

	apiutil "github.com/cert-manager/cert-manager/pkg/api/util"
	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

// ErrNotServed is returned for a cluster without CertificateRequests.
var ErrNotServed = errors.New("this cluster does not serve cert-manager's CertificateRequests")

// DeniedError is a request that an approver refused.
type DeniedError struct{ Name, Reason, Message string }

func (e *DeniedError) Error() string {
	return fmt.Sprintf("CertificateRequest %s was denied: %s (%s)", e.Name, e.Message, e.Reason)
}

// FailedError is a request that could not be signed and never will be.
type FailedError struct{ Name, Reason, Message string }

func (e *FailedError) Error() string {
	return fmt.Sprintf("CertificateRequest %s failed: %s (%s)", e.Name, e.Message, e.Reason)
}

// WaitingError is a request that was not signed in time.
type WaitingError struct {
	Name string
	// Approved is false until the request is approved.
	Approved bool
	// Message is the issuer's message, empty if it has not reported a status yet.
	Message string
	// Err is why the last read of the request failed, nil if it succeeded.
	Err error
}

func (e *WaitingError) Error() string {
	text := "CertificateRequest " + e.Name + " was not signed in time: " + e.Text()
	if e.Err != nil {
		text += "; the last attempt to read it failed: " + e.Err.Error()
	}
	return text
}

// Unwrap is why the request could not be read.
func (e *WaitingError) Unwrap() error { return e.Err }

// Text describes what the request waits for.
func (e *WaitingError) Text() string {
	switch {
	case !e.Approved:
		return "waiting for approval"
	case e.Message != "":
		return "the issuer reports: " + e.Message
	default:
		return "waiting for the issuer, which has not reported a status yet"
	}
}

// judge returns the state of a request: signed, still waiting, or an error. See
// cert-manager's documentation of CertificateRequest's conditions.
func judge(r *cmapi.CertificateRequest) (Signed, *WaitingError, error) {
	name := r.Namespace + "/" + r.Name
	// A denied request also has Ready=False with the reason Denied.
	if denied := apiutil.GetCertificateRequestCondition(r, cmapi.CertificateRequestConditionDenied); denied != nil && denied.Status == cmmeta.ConditionTrue {
		return Signed{}, nil, &DeniedError{name, request.OneLine(denied.Reason), request.OneLine(denied.Message)}
	}
	if invalid := apiutil.GetCertificateRequestCondition(r, cmapi.CertificateRequestConditionInvalidRequest); invalid != nil && invalid.Status == cmmeta.ConditionTrue {
		return Signed{}, nil, &FailedError{name, request.OneLine(invalid.Reason), request.OneLine(invalid.Message)}
	}
	waiting := &WaitingError{Name: name, Approved: apiutil.CertificateRequestIsApproved(r)}
	ready := apiutil.GetCertificateRequestCondition(r, cmapi.CertificateRequestConditionReady)
	if ready == nil {
		return Signed{}, waiting, nil
	}
	waiting.Message = request.OneLine(ready.Message)
	switch {
	case ready.Status == cmmeta.ConditionTrue && len(r.Status.Certificate) > 0:
		return Signed{Certificate: r.Status.Certificate, CA: r.Status.CA, Name: r.Name}, nil, nil
	case ready.Reason == cmapi.CertificateRequestReasonFailed:
		return Signed{}, nil, &FailedError{name, ready.Reason, waiting.Message}
	case ready.Reason == cmapi.CertificateRequestReasonDenied:
		return Signed{}, nil, &DeniedError{name, ready.Reason, waiting.Message}
	}
	return Signed{}, waiting, nil
}
