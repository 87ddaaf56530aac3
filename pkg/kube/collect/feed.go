package collect

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// api is what the API server serves, which changes when definitions are installed.
type api struct {
	mu     sync.Mutex
	served served
}

func (a *api) get() served {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.served
}

// Rediscover discovers again what the cluster serves, and reports whether that has changed.
func (s *Session) Rediscover(ctx context.Context) (changed bool, err error) {
	served, err := discover(ctx, s.client)
	if err != nil {
		return false, unreachable(s.host, "discovering its API", err)
	}
	s.api.mu.Lock()
	defer s.api.mu.Unlock()
	changed = !reflect.DeepEqual(served.kinds, s.api.served.kinds)
	s.api.served = served
	return changed, nil
}

// Apart is the same session with limits of its own, for another read of the cluster that lasts
// as long as the program.
func (s *Session) Apart() *Session {
	apart := *s
	apart.budget = &budget{}
	return &apart
}

// Now is the API server's time. It continues without requests, unlike the time of the
// snapshots that Read returns.
func (s *Session) Now() time.Time { return s.clock.running() }

// Meta is that of a snapshot of the session's cluster at this time.
func (s *Session) Meta() snapshot.Meta {
	return snapshot.Meta{At: s.Now().Truncate(time.Second), Plugin: s.opts.Plugin, Server: s.server}
}

// Ping requests the smallest answer that the API server has, to see whether it answers.
func (s *Session) Ping(ctx context.Context, limit time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	_, err := serverVersion(limited, s.client)
	var status apierrors.APIStatus
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil, errors.As(err, &status): // a refusal is an answer, too
		return nil
	}
	return unreachable(s.host, "checking the connection", err)
}

// Namespaces are those that are listed one by one if the list of all is forbidden.
func (s *Session) Namespaces(query Query) []string {
	if len(query.Fallback) > 0 {
		return query.Fallback
	}
	return s.opts.Namespaces
}

// Feed is one list of a cluster, with the changes after it. Its methods may not be called at
// the same time.
type Feed struct {
	session   *Session
	query     Query
	namespace string
	// last is the last complete list.
	last *reading
	// version is the newest resource version that is known.
	version string
	// weights are the memory of each object.
	weights map[objectName]int64
}

type objectName struct{ namespace, name string }

// Feed is the feed of a kind in a namespace, or in all of them.
func (s *Session) Feed(query Query, namespace string) *Feed {
	return &Feed{session: s, query: query, namespace: namespace}
}

// List lists the kind. The request has the reason of a failure that concerns this list only,
// and the error is its cause; without a reason, the error is that of a lost server.
func (f *Feed) List(ctx context.Context) (snapshot.Request, []*unstructured.Unstructured, error) {
	read, err := f.session.lister().read(ctx, f.query, f.namespace)
	if err != nil {
		return read.requested, nil, err
	}
	if read.requested.Failure != nil {
		return read.requested, nil, read.err
	}
	f.Drop()
	f.last, f.version, f.weights = read, read.version, make(map[objectName]int64, len(read.objects))
	for i, obj := range read.objects {
		f.weights[objectName{obj.GetNamespace(), obj.GetName()}] = read.weights[i]
	}
	objects := read.objects
	read.objects, read.weights = nil, nil
	return read.requested, objects, nil
}

// Drop subtracts the objects of the feed from the session's limits.
func (f *Feed) Drop() {
	var memory int64
	for _, weight := range f.weights {
		memory += weight
	}
	f.session.budget.drop(memory, len(f.weights))
	f.weights = nil
}

// Event is a change of a list. Without an object, it shows only that the list is current.
type Event struct {
	Object *unstructured.Unstructured
	// Deleted is set if the object is no longer in the list.
	Deleted bool
}

// The errors of a watch that its list can replace.
var (
	// ErrExpired is that of a watch that can't continue: the kind must be listed again.
	ErrExpired = errors.New("the resource version has expired")
	// ErrUnwatchable is that of a kind that may be listed, but not watched.
	ErrUnwatchable = errors.New("the kind can't be watched")
)

// Watchable reports whether the last list can be continued by a watch.
func (f *Feed) Watchable() bool { return f.version != "" }

// Watch passes the changes after the last list, or after the last watch, to use, which owns the
// objects. A watch that ends without an error can be continued. The error is ErrExpired,
// ErrUnwatchable, that of use, or an Error.
func (f *Feed) Watch(ctx context.Context, duration time.Duration, begun func(), use func(Event) error) error {
	get, err := f.last.answer.get(f.session.client.GetStream(), f.last.res, f.query)
	if err != nil {
		return err
	}
	if f.query.Metadata {
		get.SetHeader("Accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
	}
	get.Param("watch", "true").Param("allowWatchBookmarks", "true").Param("resourceVersion", f.version)
	get.Param("timeoutSeconds", strconv.Itoa(int(duration.Seconds())))
	var own error
	err = f.session.client.Stream(ctx, get, func(body io.Reader) error {
		begun()
		return request.Values(body, request.MaxObject, func(value []byte) error {
			event, err := f.event(value)
			if err == nil {
				own = use(event)
				err = own
			}
			return err
		})
	})
	return f.errorOf(ctx, err, own)
}

func (f *Feed) errorOf(ctx context.Context, err, own error) error {
	var limit budgetError
	switch {
	case err == nil, ctx.Err() != nil, own != nil, errors.As(err, &limit):
		return err
	case apierrors.IsResourceExpired(err), apierrors.IsGone(err), apierrors.IsNotFound(err):
		return ErrExpired
	case apierrors.IsForbidden(err), apierrors.IsMethodNotSupported(err):
		return ErrUnwatchable
	}
	return unreachable(f.session.host, "watching "+f.last.res.String(), err)
}

// IsLimit reports whether the error is that of a cluster that exceeds the limits of a session.
func IsLimit(err error) bool {
	var limit budgetError
	var read *Error
	return errors.As(err, &limit) || errors.As(err, &read) && errors.As(read.Err, &limit)
}

// event decodes an event of a watch.
func (f *Feed) event(value []byte) (Event, error) {
	var event struct {
		Type   string             `json:"type"`
		Object stdjson.RawMessage `json:"object"`
	}
	if err := request.Unmarshal(value, &event, "event of a watch"); err != nil {
		return Event{}, err
	}
	switch event.Type {
	case "BOOKMARK":
		var head struct {
			Metadata page `json:"metadata"`
		}
		if err := request.Unmarshal(event.Object, &head, "bookmark"); err != nil {
			return Event{}, err
		}
		f.advance(head.Metadata.ResourceVersion)
		return Event{}, nil
	case "ERROR":
		return Event{}, statusError(event.Object)
	case "ADDED", "MODIFIED", "DELETED":
	default:
		return Event{}, request.Malformed("the watch has an event of an unknown type %q", event.Type)
	}
	before := f.last.pool.weight
	content, err := newDecoder(bytes.NewReader(event.Object), f.last.pool).item(f.last.answer.fields)
	var obj *unstructured.Unstructured
	if err == nil {
		obj, err = f.last.answer.item(content)
	}
	if err != nil {
		return Event{}, request.Malformed("an object of the watch %s", err)
	}
	deleted := event.Type == "DELETED"
	if err := f.weigh(obj, f.last.pool.weight-before, deleted); err != nil {
		return Event{}, err
	}
	f.advance(obj.GetResourceVersion())
	return Event{Object: obj, Deleted: deleted}, nil
}

// advance continues the next watch from the version.
func (f *Feed) advance(version string) {
	if version != "" {
		f.version = version
	}
}

// weigh counts the object instead of its predecessor.
func (f *Feed) weigh(obj *unstructured.Unstructured, weight int64, deleted bool) error {
	name := objectName{obj.GetNamespace(), obj.GetName()}
	if old, known := f.weights[name]; known {
		f.session.budget.drop(old, 1)
		delete(f.weights, name)
	}
	if deleted {
		return nil
	}
	f.weights[name] = weight
	return f.session.budget.keep(weight)
}

// statusError is the error that a watch ends with.
func statusError(body []byte) error {
	var status metav1.Status
	if err := request.Unmarshal(body, &status, "Status"); err != nil {
		return err
	}
	status.Message = request.OneLine(status.Message)
	if status.Status != metav1.StatusFailure {
		return request.Malformed("the watch ended with an error that is not a Status")
	}
	return &apierrors.StatusError{ErrStatus: status}
}
