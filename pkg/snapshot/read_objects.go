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

// Parser is several goroutines that turn documents into objects, while the
// file is unpacked.
type Parser struct {
	queue     chan document
	done      chan struct{} // closed at the first error
	documents int
	sums      sums
	workers   sync.WaitGroup

	mu      sync.Mutex
	objects []*unstructured.Unstructured
	err     error
}

func startParsing(maxMemory int64) *Parser {
	workers := min(maxParsers, runtime.GOMAXPROCS(0))
	p := &Parser{queue: make(chan document, 4*workers), done: make(chan struct{}), sums: sums{maxMemory: maxMemory}}
	for range workers {
		p.workers.Go(p.work)
	}
	return p
}

func (p *Parser) work() {
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
func (p *Parser) stop(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
		close(p.done)
	}
}

func (p *Parser) stopped() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// parsed waits for the parsers, and returns the objects, in no order.
func (p *Parser) parsed() ([]*unstructured.Unstructured, error) {
	close(p.queue)
	p.workers.Wait()
	return p.objects, p.err
}
