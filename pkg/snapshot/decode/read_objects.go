package decode

import (
	"runtime"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// maxParsers bounds how many objects are parsed at once.
const maxParsers = 8

// Document is the text of one object.
type Document struct {
	Text []byte
	File string
	Gk   schema.GroupKind
}

// Parser is several goroutines that turn documents into objects, while the
// file is unpacked.
type Parser struct {
	Queue     chan Document
	done      chan struct{} // closed at the first error
	Documents int
	sums      Sums
	Workers   sync.WaitGroup

	mu      sync.Mutex
	objects []*unstructured.Unstructured
	err     error
}

func StartParsing(maxMemory int64) *Parser {
	workers := min(maxParsers, runtime.GOMAXPROCS(0))
	p := &Parser{Queue: make(chan Document, 4*workers), done: make(chan struct{}), sums: Sums{MaxMemory: maxMemory}}
	for range workers {
		p.Workers.Go(p.work)
	}
	return p
}

func (p *Parser) work() {
	for doc := range p.Queue {
		if p.stopped() {
			continue
		}
		obj, err := ParseObject(doc, &p.sums)
		if err != nil {
			p.Stop(err)
			continue
		}
		p.mu.Lock()
		p.objects = append(p.objects, obj)
		p.mu.Unlock()
	}
}

// Stop keeps the first error and makes all others stop.
func (p *Parser) Stop(err error) {
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

// Parsed waits for the parsers, and returns the objects, in no order.
func (p *Parser) Parsed() ([]*unstructured.Unstructured, error) {
	close(p.Queue)
	p.Workers.Wait()
	return p.objects, p.err
}
