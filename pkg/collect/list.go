package collect

import (
	"context"
	"errors"
	"strconv"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// pageSize is how many objects a request asks for. kubectl uses 500 as well
// (--chunk-size); the server keeps the pages consistent.
const pageSize = 500

type lister struct {
	host   string
	client rest.Interface
	served served
	into   *snapshot.Builder
}

// list asks for one kind in a namespace ("" for all of them) and records the
// answer or why there is none. The error is for a server that is gone.
func (l *lister) list(ctx context.Context, want Want, namespace string) (snapshot.Asked, error) {
	res, ok := l.served.kinds[want.GroupKind]
	asked := snapshot.Asked{
		Group: want.Group, Version: res.version, Kind: want.Kind, Resource: res.name,
		Namespace: namespace, FieldSelector: want.FieldSelector,
	}
	if !ok {
		asked.Failure = &snapshot.Failure{Why: snapshot.NotServed, Verb: "list", Resource: want.String()}
		if why := l.served.failed[want.Group]; why != nil {
			asked.Failure.Why, asked.Failure.Message = snapshot.Failed, snapshot.Mask(why.Error())
		}
		l.into.Add(asked)
		return asked, nil
	}
	objects, err := l.pages(ctx, res, want, namespace)
	if err != nil {
		failure, fatal := failureOf(err, res, namespace)
		if fatal {
			return asked, unreachable(l.host, "listing "+res.String(), err)
		}
		asked.Failure, objects = failure, nil
	}
	l.into.Add(asked, objects...)
	return asked, nil
}

// pages follows a list to its end. A list whose continue token has expired
// (410 Gone: it took longer than the server keeps old revisions) starts again,
// once, without pages.
func (l *lister) pages(ctx context.Context, res resource, want Want, namespace string) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	limit, token, restarted, pool := pageSize, "", false, newPool()
	answer := listing{
		gvk:        schema.GroupVersionKind{Group: want.Group, Version: res.version, Kind: want.Kind},
		namespaced: res.namespaced, metadata: want.Metadata,
	}
	for {
		body, err := l.page(ctx, res, want, namespace, limit, token)
		if apierrors.IsResourceExpired(err) && token != "" && !restarted {
			objects, limit, token, restarted = nil, 0, "", true
			continue
		}
		if err != nil {
			return nil, err
		}
		items, next, err := answer.decode(body, pool)
		if err != nil {
			return nil, err
		}
		objects = append(objects, items...)
		switch next {
		case "":
			return objects, nil
		case token:
			return nil, malformed("the %sList has no end: its continue token was sent twice", want.Kind)
		}
		token = next
	}
}

func (l *lister) page(ctx context.Context, res resource, want Want, namespace string, limit int, token string) ([]byte, error) {
	accept := "application/json"
	if want.Metadata {
		accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
	}
	request := l.client.Get().AbsPath(res.path(namespace)...).SetHeader("Accept", accept)
	if limit > 0 {
		request.Param("limit", strconv.Itoa(limit))
	}
	if token != "" {
		request.Param("continue", token)
	}
	if want.FieldSelector != "" {
		request.Param("fieldSelector", want.FieldSelector)
	}
	if want.GroupKind == (schema.GroupKind{Kind: "Secret"}) {
		// From -v=8 on client-go logs what the server answers.
		ctx = klog.NewContext(ctx, logr.Discard())
	}
	return do(ctx, request)
}

// failureOf says why a list failed, and whether there is any point in going
// on: not when the server is lost. An answer that is malformed or breaks off, and
// a request that took too long, say nothing of the others.
func failureOf(err error, res resource, namespace string) (failure *snapshot.Failure, fatal bool) {
	failure = &snapshot.Failure{Why: snapshot.Failed, Verb: "list", Resource: res.String(), Namespace: namespace}
	var status apierrors.APIStatus
	var answer answerError
	switch {
	case errors.Is(err, context.Canceled):
		return nil, true
	case apierrors.IsForbidden(err):
		failure.Why = snapshot.Forbidden
	case apierrors.IsUnauthorized(err):
		return nil, true
	case apierrors.IsNotFound(err), apierrors.IsMethodNotSupported(err):
		failure.Why = snapshot.NotServed
	case errors.As(err, &status), errors.As(err, &answer):
		failure.Message = snapshot.Mask(err.Error())
	case slow(err):
		failure.Message = "no answer in time"
	default:
		return nil, true
	}
	return failure, false
}
