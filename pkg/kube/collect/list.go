package collect

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// pageSize is the number of objects per request. kubectl also uses 500 (--chunk-size); the
// server keeps the pages consistent.
const pageSize = 500

// largePage is the number of objects per request if few of their fields are kept. An API server
// reads only the first page of a list from its cache.
const largePage = 2000

type lister struct {
	host    string
	client  *request.Client
	served  served
	into    *snapshot.Builder
	budget  *budget
	timeout time.Duration // of one request
}

// list requests one kind in a namespace ("" for all of them) and records the answer or the
// failure. The error is for a lost server.
func (l *lister) list(ctx context.Context, want Query, namespace string) (snapshot.Request, error) {
	read, err := l.read(ctx, want, namespace)
	if err != nil {
		return read.requested, err
	}
	l.into.Add(read.requested, read.objects...)
	return read.requested, nil
}

// read requests one kind in a namespace. The failure of the list is in its request, and the
// reason of it in err; the error is for a lost server.
func (l *lister) read(ctx context.Context, want Query, namespace string) (*reading, error) {
	res, ok := l.served.kinds[want.GroupKind]
	read := &reading{lister: l, res: res, want: want, pool: newPool(), requested: snapshot.Request{
		Group: want.Group, Version: res.version, Kind: want.Kind, Resource: res.name,
		Namespace: namespace, FieldSelector: want.FieldSelector,
	}, answer: listing{
		gvk:        schema.GroupVersionKind{Group: want.Group, Version: res.version, Kind: want.Kind},
		namespaced: res.namespaced, namespace: namespace, metadata: want.Metadata, fields: fieldsOf(want.Fields),
	}}
	if !ok {
		read.requested.Failure = &snapshot.Failure{Reason: snapshot.NotServed, Verb: "list", Resource: want.String()}
		if why := l.served.failed[want.Group]; why != nil {
			read.requested.Failure.Reason, read.requested.Failure.Message = snapshot.Failed, mask.Mask(why.Error())
		}
		return read, nil
	}
	if err := read.pages(ctx); err != nil {
		read.drop()
		failure, fatal := failureOf(err, res, namespace)
		if fatal {
			return read, unreachable(l.host, "listing "+res.String(), err)
		}
		read.requested.Failure, read.err = failure, err
	}
	return read, nil
}

// pages follows a list to its end. A list whose continue token has expired
// (410 Gone: it took longer than the server keeps old revisions) starts again,
// once, without pages.
func (r *reading) pages(ctx context.Context) error {
	limit, token, restarted := pageSize, "", false
	if !r.answer.fields.whole {
		limit = largePage
	}
	turner := pageTurner{of: r.budget, kind: r.want.Kind, seen: map[string]bool{}, limit: listTime * r.timeout}
	turner.until = time.Now().Add(turner.limit)
	for {
		next, err := r.page(ctx, limit, token)
		if apierrors.IsResourceExpired(err) && token != "" && !restarted {
			r.drop()
			clear(turner.seen)
			limit, token, restarted = 0, "", true
			continue
		}
		if request.IsTooLarge(err) && limit == largePage {
			r.drop()
			clear(turner.seen)
			limit, token = pageSize, ""
			continue
		}
		if err == nil && next.Continue == "" {
			r.version = next.ResourceVersion
			return nil
		}
		if err == nil {
			err = turner.turn(next.Continue)
		}
		if err != nil {
			return err
		}
		token = next.Continue
	}
}

// reading is a list that is being read.
type reading struct {
	*lister
	res     resource
	want    Query
	answer  listing
	pool    *pool
	objects []*unstructured.Unstructured
	// weights are the memory of each object, and memory their sum.
	weights []int64
	memory  int64
	// version is the list's resource version.
	version string
	// requested is what was requested, with the failure.
	requested snapshot.Request
	// err is the error of the failure.
	err error
}

// drop drops what was read.
func (r *reading) drop() {
	r.budget.drop(r.memory, len(r.objects))
	r.objects, r.weights, r.memory = nil, nil, 0
}

// page reads one page, and returns the token of the next.
func (r *reading) page(ctx context.Context, limit int, token string) (next page, err error) {
	get, err := r.answer.get(r.client.Get(), r.res, r.want)
	if err != nil {
		return page{}, err
	}
	if limit > 0 {
		get.Param("limit", strconv.Itoa(limit))
	}
	if token != "" {
		get.Param("continue", token)
	}
	if r.want.GroupKind == (schema.GroupKind{Kind: "Secret"}) {
		// From -v=8 on client-go logs what the server answers.
		ctx = klog.NewContext(ctx, logr.Discard())
	}
	err = r.client.DoBody(ctx, get, request.MaxList, func(body request.Body) (err error) {
		next, err = r.answer.decode(body, r.pool, func(obj *unstructured.Unstructured, weight int64) error {
			return r.keep(ctx, obj, weight)
		})
		return err
	})
	return next, err
}

// get completes the request of a list or a watch.
func (l listing) get(get *rest.Request, res resource, want Query) (*rest.Request, error) {
	place := request.Place{GroupVersionKind: l.gvk, Resource: res.name}
	if res.namespaced {
		place.Namespace = l.namespace
	}
	path, err := place.Path("")
	if err != nil {
		return nil, err
	}
	accept := "application/json"
	if want.Metadata {
		accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
	}
	if want.FieldSelector != "" {
		get.Param("fieldSelector", want.FieldSelector)
	}
	return get.AbsPath(path...).SetHeader("Accept", accept), nil
}

// keep adds an object of the list, unless that exceeds a limit.
func (r *reading) keep(ctx context.Context, obj *unstructured.Unstructured, weight int64) error {
	r.objects, r.weights = append(r.objects, obj), append(r.weights, weight)
	r.memory += weight
	if err := r.budget.keep(weight); err != nil {
		return err
	}
	return ctx.Err()
}

// failureOf returns why a list failed, and whether the error ends the read: only if the
// connection to the server is lost. An answer that is malformed or incomplete, and a request
// that timed out, have no effect on others.
func failureOf(err error, res resource, namespace string) (failure *snapshot.Failure, fatal bool) {
	failure = &snapshot.Failure{Reason: snapshot.Failed, Verb: "list", Resource: res.String(), Namespace: namespace}
	var status apierrors.APIStatus
	var answer request.AnswerError
	switch {
	case errors.Is(err, context.Canceled):
		return nil, true
	case apierrors.IsForbidden(err):
		failure.Reason = snapshot.Forbidden
	case apierrors.IsUnauthorized(err):
		return nil, true
	case apierrors.IsNotFound(err), apierrors.IsMethodNotSupported(err):
		failure.Reason = snapshot.NotServed
	case errors.As(err, &status), errors.As(err, &answer):
		failure.Message = mask.Mask(err.Error())
	case request.TimedOut(err):
		failure.Message = "no answer in time"
	default:
		return nil, true
	}
	return failure, false
}
