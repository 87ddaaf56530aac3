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
	"k8s.io/klog/v2"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// pageSize is the number of objects per request. kubectl also uses 500 (--chunk-size); the
// server keeps the pages consistent.
const pageSize = 500

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
	res, ok := l.served.kinds[want.GroupKind]
	requested := snapshot.Request{
		Group: want.Group, Version: res.version, Kind: want.Kind, Resource: res.name,
		Namespace: namespace, FieldSelector: want.FieldSelector,
	}
	if !ok {
		requested.Failure = &snapshot.Failure{Reason: snapshot.NotServed, Verb: "list", Resource: want.String()}
		if why := l.served.failed[want.Group]; why != nil {
			requested.Failure.Reason, requested.Failure.Message = snapshot.Failed, mask.Mask(why.Error())
		}
		l.into.Add(requested)
		return requested, nil
	}
	objects, err := l.pages(ctx, res, want, namespace)
	if err != nil {
		failure, fatal := failureOf(err, res, namespace)
		if fatal {
			return requested, unreachable(l.host, "listing "+res.String(), err)
		}
		requested.Failure, objects = failure, nil
	}
	l.into.Add(requested, objects...)
	return requested, nil
}

// pages follows a list to its end. A list whose continue token has expired
// (410 Gone: it took longer than the server keeps old revisions) starts again,
// once, without pages.
func (l *lister) pages(ctx context.Context, res resource, want Query, namespace string) ([]*unstructured.Unstructured, error) {
	read := &reading{lister: l, res: res, want: want, namespace: namespace, pool: newPool(), answer: listing{
		gvk:        schema.GroupVersionKind{Group: want.Group, Version: res.version, Kind: want.Kind},
		namespaced: res.namespaced, namespace: namespace, metadata: want.Metadata,
	}}
	limit, token, restarted := pageSize, "", false
	turner := pageTurner{of: l.budget, kind: want.Kind, seen: map[string]bool{}, limit: listTime * l.timeout}
	turner.until = time.Now().Add(turner.limit)
	for {
		next, err := read.page(ctx, limit, token)
		if apierrors.IsResourceExpired(err) && token != "" && !restarted {
			read.drop()
			clear(turner.seen)
			limit, token, restarted = 0, "", true
			continue
		}
		if err == nil && next == "" {
			return read.objects, nil
		}
		if err == nil {
			err = turner.turn(next)
		}
		if err != nil {
			read.drop()
			return nil, err
		}
		token = next
	}
}

// reading is a list that is being read.
type reading struct {
	*lister
	res       resource
	want      Query
	namespace string
	answer    listing
	pool      *pool
	objects   []*unstructured.Unstructured
	memory    int64
}

// drop drops what was read.
func (r *reading) drop() {
	r.budget.drop(r.memory, len(r.objects))
	r.objects, r.memory = nil, 0
}

// page reads one page, and returns the token of the next.
func (r *reading) page(ctx context.Context, limit int, token string) (next string, err error) {
	want := r.want
	path, err := request.Place{GroupVersionKind: r.answer.gvk, Resource: r.res.name, Namespace: r.namespaceIn()}.Path("")
	if err != nil {
		return "", err
	}
	accept := "application/json"
	if want.Metadata {
		accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
	}
	get := r.client.Get().AbsPath(path...).SetHeader("Accept", accept)
	if limit > 0 {
		get.Param("limit", strconv.Itoa(limit))
	}
	if token != "" {
		get.Param("continue", token)
	}
	if want.FieldSelector != "" {
		get.Param("fieldSelector", want.FieldSelector)
	}
	if want.GroupKind == (schema.GroupKind{Kind: "Secret"}) {
		// From -v=8 on client-go logs what the server answers.
		ctx = klog.NewContext(ctx, logr.Discard())
	}
	err = r.client.Do(ctx, get, request.MaxList, func(body []byte) (err error) {
		next, err = r.answer.decode(body, func(obj *unstructured.Unstructured) error { return r.keep(ctx, obj) })
		return err
	})
	return next, err
}

// namespaceIn is the namespace of the path.
func (r *reading) namespaceIn() string {
	if !r.res.namespaced {
		return ""
	}
	return r.namespace
}

// keep adds an object of the list, unless that exceeds a limit.
func (r *reading) keep(ctx context.Context, obj *unstructured.Unstructured) error {
	before := r.pool.weight
	obj.Object = r.pool.object(obj.Object)
	weight := r.pool.weight - before
	r.objects = append(r.objects, obj)
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
