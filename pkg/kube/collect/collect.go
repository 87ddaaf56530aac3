// Package collect reads a live cluster into a snapshot: it discovers what the API server
// serves, lists each wanted kind once, in parallel and page by page, and records what was
// refused.
package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Query is a kind of object to list. The version is the one that the API server
// prefers.
type Query struct {
	schema.GroupKind
	// FieldSelector narrows the list, as kubectl's --field-selector does.
	FieldSelector string
	// Namespaces to list one by one; all namespaces when it is empty. A kind without
	// namespaces is always listed completely.
	Namespaces []string
	// Fallback are the namespaces to list one by one if listing all of them is forbidden;
	// without it, those of the Options.
	Fallback []string
	// Fields are the only fields that are kept beside those of identifying, as paths such as
	// spec.containers.image; all if there are none. The server sends the others, too: without
	// them the objects take a quarter of the memory. A snapshot without some fields is only
	// for a reader that does not use them.
	Fields []string
	// Metadata requests only names, labels and annotations: the rest does not leave the
	// server.
	Metadata bool
}

// Options are the caller's choices.
type Options struct {
	// Namespaces are tried one by one for a namespaced kind that may not be
	// listed in all namespaces at once.
	Namespaces []string
	// Plugin is the version to record in the snapshot.
	Plugin string
	// Version also requests the API server's version, one more request.
	Version bool
}

// maxParallel bounds the parallel requests. The API server's own priority and fairness
// queues further ones.
const maxParallel = 16

// Session is a cluster whose API is known, to list kinds from.
type Session struct {
	host    string
	opts    Options
	clock   *serverClock
	client  *request.Client
	api     *api
	server  string
	budget  *budget
	timeout time.Duration
}

// Open discovers what the cluster serves: two requests, and one more for its version if
// the Options request it.
func Open(ctx context.Context, config *rest.Config, opts Options) (*Session, error) {
	s := &Session{host: config.Host, opts: opts, clock: &serverClock{}, api: &api{}, budget: &budget{}, timeout: cmp.Or(config.Timeout, request.Timeout)}
	var err error
	if s.client, err = request.New(config, s.clock.observe); err != nil {
		return nil, err
	}
	if _, err := s.Rediscover(ctx); err != nil {
		return nil, err
	}
	if opts.Version {
		if s.server, err = serverVersion(ctx, s.client); err != nil {
			return nil, unreachable(config.Host, "reading its version", err)
		}
	}
	return s, nil
}

// Read lists the wanted kinds, one request per page for each; only kinds that are forbidden
// in all namespaces cost more.
//
// The failure of one kind is recorded in the snapshot. An error is returned if the server
// can't be reached, or the connection is lost during the read.
func (s *Session) Read(ctx context.Context, queries []Query) (*snapshot.Snapshot, error) {
	lister := s.lister()
	lister.into = snapshot.NewBuilder()
	if err := lister.all(ctx, queries, s.opts.Namespaces); err != nil {
		return nil, err
	}
	return lister.into.Build(snapshot.Meta{At: s.clock.now(), Plugin: s.opts.Plugin, Server: s.server}), nil
}

// lister lists kinds of the session's cluster, and adds them to a Builder if it has one.
func (s *Session) lister() *lister {
	return &lister{host: s.host, client: s.client, served: s.api.get(), budget: s.budget, timeout: s.timeout}
}

// all lists the wanted kinds in parallel. It ends with ctx, also while an answer is
// being decoded.
func (l *lister) all(ctx context.Context, queries []Query, namespaces []string) error {
	group, requests := errgroup.WithContext(ctx)
	group.SetLimit(maxParallel)
	done := make(chan error, 1)
	go func() {
		for _, want := range queries {
			group.Go(func() error { return l.want(requests, want, namespaces) })
		}
		done <- group.Wait()
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return unreachable(l.host, "reading the cluster", ctx.Err())
	}
}

// want lists one kind: in all namespaces, or if that is forbidden, in each of the
// namespaces that the user named.
func (l *lister) want(ctx context.Context, want Query, fallback []string) error {
	namespaced := l.served.kinds[want.GroupKind].namespaced
	if namespaced && len(want.Namespaces) > 0 {
		return l.each(ctx, want, want.Namespaces)
	}
	requested, err := l.list(ctx, want, "")
	if err != nil || !namespaced || requested.Failure == nil || requested.Failure.Reason != snapshot.Forbidden {
		return err
	}
	if len(want.Fallback) > 0 {
		fallback = want.Fallback
	}
	return l.each(ctx, want, fallback)
}

func (l *lister) each(ctx context.Context, want Query, namespaces []string) error {
	for _, namespace := range namespaces {
		if _, err := l.list(ctx, want, namespace); err != nil {
			return err
		}
	}
	return nil
}

// Error is the error of a cluster that could not be read at all.
type Error struct {
	// Host is the API server's address.
	Host string
	// Doing is what was attempted.
	Doing string
	// Err is what failed.
	Err error
}

func unreachable(host, doing string, err error) error {
	return &Error{Host: host, Doing: doing, Err: err}
}

// Error describes what was attempted and what failed, in one line.
func (e *Error) Error() string {
	why := e.Err.Error()
	var failed *url.Error // its text repeats the whole address
	if errors.As(e.Err, &failed) {
		why = failed.Err.Error()
	}
	if request.TimedOut(e.Err) {
		why = "no answer in time"
	}
	return fmt.Sprintf("the API server at %s: %s: %s", e.Host, e.Doing, mask.Mask(why))
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Queries creates a Query of each kind, without selectors.
func Queries(kinds ...schema.GroupKind) []Query {
	queries := make([]Query, len(kinds))
	for i, kind := range kinds {
		queries[i] = Query{GroupKind: kind}
	}
	return queries
}
