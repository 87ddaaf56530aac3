// Package podlogs reads the logs of many pods as one stream that is ordered by time. A log that
// is followed survives a lost connection, a restart of the API server, restarts of the container
// and rotation: each line that the API server still has is delivered exactly once.
package podlogs

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

// Place is a namespace whose pods are read.
type Place struct {
	Namespace string
	// Containers are those of a pod that are read.
	Containers func(*Pod) []Container
}

// Container is a container whose log is read.
type Container struct {
	Name string
	// Keep selects lines; nil keeps all. It is called concurrently for different containers.
	// With it, Options.Tail counts the kept lines.
	Keep func(text []byte) bool
	// Since is the time of the first line if it is later than Options.Since.
	Since time.Time
}

// Options selects the lines.
type Options struct {
	// Follow continues with new lines until ctx ends, also those of new pods and of containers
	// that are started again.
	Follow bool
	// Previous reads the instance of each container before the current one.
	Previous bool
	// Since is the time of the first line, zero for all lines.
	Since time.Time
	// Tail is the number of lines of each container to begin with, negative for all. With 0,
	// Since must be set: it is when the new lines begin.
	Tail int64
}

// Line is a line of a container.
type Line struct {
	Pod       *Pod
	Container string
	// Time is when the runtime received the line; zero if it did not record that.
	Time time.Time
	// Text is the line as it is stored. Skipped bytes at its end were too many to be read.
	Text    []byte
	Skipped int64
}

// source is the container of a line.
type source struct{ namespace, pod, container string }

func (l Line) source() source { return source{l.Pod.Namespace, l.Pod.Name, l.Container} }

func (s source) less(o source) bool {
	return cmp.Or(cmp.Compare(s.namespace, o.namespace), cmp.Compare(s.pod, o.pod), cmp.Compare(s.container, o.container)) < 0
}

// Sink receives what is read, from one goroutine.
type Sink struct {
	// Line receives the lines.
	Line func(Line) error
	// Idle is called when there is no further line for the moment.
	Idle func() error
}

// Problem is something that could not be read.
type Problem struct {
	Namespace string
	// Pod and Container are empty if the pods of the namespace could not be listed.
	Pod, Container string
	Err            error
	// Retrying is set if it is tried again.
	Retrying bool
	// Lost is set if the API server did not answer, and Reconnected if it answers again.
	Lost, Reconnected bool
}

// Result counts what was read.
type Result struct {
	// Containers are those of which the log could be read, Failed the others.
	Containers, Failed int
}

// maxContainers bounds the logs that are read at the same time.
const maxContainers = 1000

// reader reads the logs of one call.
type reader struct {
	client, streams *request.Client
	places          []Place
	opts            Options
	merge           *merger
	report          func(Problem)

	mu        sync.Mutex
	followers map[string]*follower // by pod UID and container
	byName    map[source]*follower // the last one
	count     int
	result    Result
	connected chan struct{} // closed and replaced when the server has answered again
	lost      bool
	running   sync.WaitGroup
}

// Run reads the logs of the places' pods, and passes the lines to the sink in the order of their
// times, until they have all been read, ctx ends or the sink fails. It calls report for what it
// could not read, one call at a time.
func Run(ctx context.Context, config *rest.Config, places []Place, opts Options, to Sink, report func(Problem)) (Result, error) {
	var reporting sync.Mutex
	r := &reader{
		places: places, opts: opts, merge: newMerger(), followers: map[string]*follower{}, byName: map[source]*follower{},
		connected: make(chan struct{}), report: func(p Problem) {
			reporting.Lock()
			defer reporting.Unlock()
			report(p)
		},
	}
	var err error
	if r.client, err = request.New(config); err != nil {
		return Result{}, err
	}
	if r.streams, err = request.NewStreaming(config); err != nil {
		return Result{}, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer r.running.Wait()
	defer stop()
	watches := r.listAll(ctx)
	if len(watches) == 0 && ctx.Err() == nil {
		return Result{}, nil
	}
	r.merge.endless = opts.Follow
	r.start(ctx, watches)
	err = r.merge.each(ctx, to)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.result, err
}

// listAll lists the pods of all places. It returns the watches of those that could be listed.
func (r *reader) listAll(ctx context.Context) []*podWatch {
	watches := make([]*podWatch, len(r.places))
	var all sync.WaitGroup
	for i, place := range r.places {
		all.Go(func() {
			w := &podWatch{client: r.client, streams: r.streams, namespace: place.Namespace, pods: map[string]*Pod{}, changed: func(*Pod, bool) {}}
			if err := w.list(ctx); err != nil {
				if ctx.Err() == nil {
					r.report(Problem{Namespace: place.Namespace, Err: err})
				}
				return
			}
			watches[i] = w
		})
	}
	all.Wait()
	var listed []*podWatch
	for _, w := range watches {
		if w != nil {
			listed = append(listed, w)
		}
	}
	return listed
}

// start begins to read the logs of the pods that were listed, and to follow the pods.
func (r *reader) start(ctx context.Context, watches []*podWatch) {
	for _, w := range watches {
		place := r.place(w.namespace)
		for _, pod := range w.sorted() {
			r.update(ctx, w, place, pod, false, true)
		}
		w.changed = func(pod *Pod, gone bool) { r.update(ctx, w, place, pod, gone, false) }
		if r.opts.Follow {
			r.running.Go(func() { w.follow(ctx, r.connection) })
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.followers {
		r.running.Go(func() { f.run(ctx) })
	}
}

func (r *reader) place(namespace string) Place {
	for _, place := range r.places {
		if place.Namespace == namespace {
			return place
		}
	}
	return Place{}
}

// update passes a pod's state to those that read its logs, and starts further ones. first is set
// before anything is read.
func (r *reader) update(ctx context.Context, pods *podWatch, place Place, pod *Pod, gone, first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, container := range place.Containers(pod) {
		key := pod.UID + " " + container.Name
		f := r.followers[key]
		state := pod.statuses[container.Name]
		state.gone = gone
		if f != nil {
			f.set(pod, state)
			if gone {
				delete(r.followers, key)
				r.count--
				r.forget(f)
			}
			continue
		}
		if gone || !first && !r.opts.Follow {
			continue
		}
		if r.count >= maxContainers {
			r.report(Problem{Namespace: pod.Namespace, Pod: pod.Name, Container: container.Name, Err: fmt.Errorf("there are more than %d containers", maxContainers)})
			continue
		}
		f = newFollower(r, pods, pod, container, state, first)
		r.followers[key] = f
		r.count++
		if !first {
			r.running.Go(func() { f.run(ctx) })
		}
	}
}

// connection records whether the API server answers, and wakes those that wait for it.
func (r *reader) connection(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err != nil && !r.lost:
		r.lost = true
		r.report(Problem{Err: err, Retrying: true, Lost: true})
	case err == nil && r.lost:
		r.lost = false
		r.report(Problem{Reconnected: true})
	}
	if err == nil {
		close(r.connected)
		r.connected = make(chan struct{})
	}
}

func (r *reader) reconnected() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.connected
}

// forget forgets a follower of a pod that is gone, and its window, when a pod with the same name
// no longer needs it.
func (r *reader) forget(f *follower) {
	time.AfterFunc(keepWindow, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.byName[f.source] == f {
			delete(r.byName, f.source)
		}
	})
}

// keepWindow is how long a new pod may take to have the name of one that is gone.
const keepWindow = time.Minute

// counted records whether the log of a container could be read.
func (r *reader) counted(read bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if read {
		r.result.Containers++
	} else {
		r.result.Failed++
	}
}
