// Package access asks the API server what the user may do.
package access

import (
	"context"
	"encoding/json"
	"fmt"

	"golang.org/x/sync/errgroup"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

const (
	kind     = "SelfSubjectAccessReview"
	resource = "selfsubjectaccessreviews"
)

// maxParallel bounds the parallel requests, as those of package collect.
const maxParallel = 16

// Answer is whether a request would be authorized.
type Answer struct {
	Allowed bool
	// Unknown is why there is no answer, empty if there is one.
	Unknown string
}

// Review requests an answer for each of the attributes, in their order, with one
// SelfSubjectAccessReview each: it is created, but not stored. Every authenticated user may
// create one (kubernetes v1.36, the ClusterRole system:basic-user).
//
// A single request that fails is an Answer that is Unknown. An error is returned if the config
// is invalid or ctx ends.
func Review(ctx context.Context, config *rest.Config, attributes []authorizationv1.ResourceAttributes) ([]Answer, error) {
	client, err := request.New(config)
	if err != nil {
		return nil, err
	}
	answers := make([]Answer, len(attributes))
	group, requests := errgroup.WithContext(ctx)
	group.SetLimit(maxParallel)
	for i := range attributes {
		group.Go(func() error {
			answers[i] = review(requests, client, attributes[i])
			return requests.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("reading the user's permissions: %w", err)
	}
	return answers, nil
}

// review requests one answer.
func review(ctx context.Context, client *request.Client, attributes authorizationv1.ResourceAttributes) Answer {
	question := authorizationv1.SelfSubjectAccessReview{
		TypeMeta: metav1.TypeMeta{APIVersion: authorizationv1.SchemeGroupVersion.String(), Kind: kind},
		Spec:     authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &attributes},
	}
	body, err := json.Marshal(question)
	if err != nil {
		return Answer{Unknown: "encoding a " + kind + ": " + err.Error()}
	}
	post := client.Post().AbsPath("/apis/"+authorizationv1.SchemeGroupVersion.String(), resource).
		SetHeader("Content-Type", "application/json").Body(body)
	var answer Answer
	err = client.Do(ctx, post, request.MaxObject, func(body []byte) (err error) {
		answer, err = decode(body)
		return err
	})
	if err != nil {
		return Answer{Unknown: reason(err)}
	}
	return answer
}

// decode reads the API server's answer. Without a status, it is none.
func decode(body []byte) (Answer, error) {
	var head struct {
		metav1.TypeMeta
		Message string                                     `json:"message"` // of a Status
		Status  *authorizationv1.SubjectAccessReviewStatus `json:"status"`
	}
	if err := request.Unmarshal(body, &head, kind); err != nil {
		return Answer{}, err
	}
	switch {
	case head.Kind != kind:
		return Answer{}, request.OtherKind(head.Kind, head.Message, kind)
	case head.Status == nil:
		return Answer{}, request.Malformed("the %s has no status", kind)
	case !head.Status.Allowed && !head.Status.Denied && head.Status.EvaluationError != "":
		return Answer{Unknown: "the API server could not evaluate a permission: " + mask.Mask(head.Status.EvaluationError)}, nil
	}
	return Answer{Allowed: head.Status.Allowed}, nil
}

// reason is why a request has no answer.
func reason(err error) string {
	switch {
	case apierrors.IsForbidden(err):
		return snapshot.Failure{Reason: snapshot.Forbidden, Verb: "create", Resource: resource + "." + authorizationv1.GroupName}.String()
	case apierrors.IsNotFound(err):
		return snapshot.Failure{Reason: snapshot.NotServed, Resource: resource + "." + authorizationv1.GroupName}.String()
	case request.TimedOut(err):
		return "reading the user's permissions: no answer in time"
	}
	return "reading the user's permissions: " + mask.Mask(err.Error())
}
