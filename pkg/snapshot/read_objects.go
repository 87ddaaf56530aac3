package snapshot

import (
	"runtime"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// maxParsers bounds how many objects are parsed at once.
const maxParsers = 8

// document is the text of one object.
type document struct {
	text []byte
	file string
	gk   schema.GroupKind
}

// parsing is several goroutines that turn documents into objects, while the
// file is unpacked.
type parsing struct {
	queue     chan document
	done      chan struct{} // closed at the first error
	documents int
	sums      sums
	workers   sync.WaitGroup

	mu      sync.Mutex
	objects []*unstructured.Unstructured
	err     error
}

func startParsing(maxMemory int64) *parsing {
	workers := min(maxParsers, runtime.GOMAXPROCS(0))
	p := &parsing{queue: make(chan document, 4*workers), done: make(chan struct{}), sums: sums{maxMemory: maxMemory}}
	for range workers {
		p.workers.Go(p.work)
	}
	return p
}

func (p *parsing) work() {
	for doc := range p.queue {
		if p.stopped() {
			continue
		}
		obj, err := parseObject(doc, &p.sums)
		if err != nil {
			p.stop(err)
			continue
		}
		p.mu.Lock()
		p.objects = append(p.objects, obj)
		p.mu.Unlock()
	}
}

// stop keeps the first error and makes all others stop.
func (p *parsing) stop(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
		close(p.done)
	}
}

func (p *parsing) stopped() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// build waits for the parsers and puts the snapshot together.
func (p *parsing) build(found *index) (*Snapshot, error) {
	close(p.queue)
	p.workers.Wait()
	if p.err != nil {
		return nil, p.err
	}
	builder := NewBuilder()
	for _, asked := range found.Asked {
		builder.Add(asked)
	}
	for _, obj := range p.objects {
		// Not by Add, which would redact them a second time, one by one.
		store := builder.kinds[obj.GroupVersionKind().GroupKind()]
		key := objectKey{obj.GetNamespace(), obj.GetName()}
		if store.byKey[key] != nil {
			return nil, damaged(nil, "it contains %s %s/%s twice", obj.GetKind(), key.namespace, key.name)
		}
		store.byKey[key] = obj
	}
	snap := builder.Build(Meta{At: found.At, Server: found.Server, Plugin: found.Plugin})
	snap.complete = found.Complete
	return snap, nil
}
