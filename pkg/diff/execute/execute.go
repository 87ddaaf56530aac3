// Package execute sends the requests of a diff.Plan: it reads each object, and applies it in a
// dry run. If Flux then also removes fields, a second dry run does the same.
package execute

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diff"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/dryrun"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
)

// maxParallel bounds the parallel requests: webhooks answer each of them. kustomize-controller
// itself sends 4 for each layer (v1.9.6, --concurrent-ssa).
const maxParallel = 8

// Served is where a kind is served, as collect.Session's method.
type Served func(gk schema.GroupKind) (plural string, namespaced bool, err error)

// Cluster answers requests.
type Cluster struct {
	client *dryrun.Client
	served Served
}

// NewCluster answers requests with those of a client.
func NewCluster(client *dryrun.Client, served Served) *Cluster { return &Cluster{client, served} }

// Answer answers the requests in their order. The only error is that of the context.
func (c *Cluster) Answer(ctx context.Context, requests []diff.Request) ([]diff.Answer, error) {
	answers := make([]diff.Answer, len(requests))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxParallel)
	for i, r := range requests {
		group.Go(func() error {
			answers[i] = c.answer(ctx, r)
			return ctx.Err()
		})
	}
	return answers, group.Wait()
}

func (c *Cluster) answer(ctx context.Context, r diff.Request) diff.Answer {
	place, failure := c.place(r.Ref)
	if failure != nil {
		return diff.Answer{ReadFailure: failure}
	}
	live, err := c.client.Get(ctx, place, r.Ref.Name)
	if failure = failureOf(err); failure != nil && !(failure.Code == http.StatusNotFound && !failure.NotServed) {
		return diff.Answer{ReadFailure: failure}
	}
	answer := diff.Answer{Live: live}
	if r.Object == nil {
		return answer
	}
	obj := r.Object.DeepCopy()
	dryrun.Normalize(obj)
	answer.Applied, err = c.client.Apply(ctx, place, obj)
	if err == nil && live != nil {
		// The API server sets the defaults of fields that are removed.
		if patch := diff.TakeOver(live, obj, answer.Applied); patch != nil {
			answer.Applied, err = c.client.Merge(ctx, place, r.Ref.Name, patch)
		}
	}
	answer.ApplyFailure = failureOf(err)
	return answer
}

// Get reads an object, nil if it does not exist.
func (c *Cluster) Get(ctx context.Context, ref object.Ref) (*unstructured.Unstructured, *diff.Failure) {
	answer := c.answer(ctx, diff.Request{Ref: ref})
	return answer.Live, answer.ReadFailure
}

// place is where an object is served.
func (c *Cluster) place(ref object.Ref) (request.Place, *diff.Failure) {
	plural, namespaced, err := c.served(ref.GroupKind())
	switch {
	case err != nil:
		return request.Place{}, &diff.Failure{Message: mask.Mask(err.Error())}
	case plural == "":
		return request.Place{}, &diff.Failure{Code: http.StatusNotFound, NotServed: true, Message: "the cluster does not serve the kind"}
	case namespaced && ref.Namespace == "":
		return request.Place{}, &diff.Failure{Code: http.StatusBadRequest, Reason: "BadRequest", Message: "namespace not specified"}
	case !namespaced:
		ref.Namespace = ""
	}
	version, err := schema.ParseGroupVersion(ref.APIVersion)
	if err != nil {
		return request.Place{}, &diff.Failure{Code: http.StatusNotFound, NotServed: true, Message: mask.Mask(err.Error())}
	}
	return request.Place{GroupVersionKind: version.WithKind(ref.Kind), Resource: plural, Namespace: ref.Namespace}, nil
}

// failureOf is an error as a Failure, nil for none.
func failureOf(err error) *diff.Failure {
	if err == nil {
		return nil
	}
	var sent *dryrun.Error
	if errors.As(err, &sent) {
		err = sent.Err
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		s := status.Status()
		// The answer for a kind that is not served names no object.
		unserved := s.Code == http.StatusNotFound && (s.Details == nil || s.Details.Name == "")
		return &diff.Failure{Code: int(s.Code), Reason: string(s.Reason), Message: mask.Mask(s.Message), NotServed: unserved}
	}
	if request.TimedOut(err) {
		return &diff.Failure{Message: "the API server did not answer in time"}
	}
	var failed *url.Error // its text has the whole address in it
	if errors.As(err, &failed) {
		err = failed.Err
	}
	return &diff.Failure{Message: mask.Mask(err.Error())}
}

// Scope is whether objects of a kind have namespaces, and whether the cluster serves the kind.
func (c *Cluster) Scope(gk schema.GroupKind) (namespaced, known bool) {
	plural, namespaced, _ := c.served(gk)
	return namespaced, plural != ""
}
