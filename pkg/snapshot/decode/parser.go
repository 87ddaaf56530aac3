package decode

import (
	"bufio"
	"bytes"
	"errors"
	"io"
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
	gk   schema.GroupKind
}

// Parser parses documents into objects with several goroutines, while the file is unpacked.
type Parser struct {
	queue     chan Document
	done      chan struct{} // closed at the first error
	Documents int
	sums      sums
	workers   sync.WaitGroup

	mu      sync.Mutex
	objects []*unstructured.Unstructured
	err     error
}

// StartParsing starts the goroutines of a Parser, whose objects may take maxMemory; see
// memoryOf.
func StartParsing(maxMemory int64) *Parser {
	workers := min(maxParsers, runtime.GOMAXPROCS(0))
	p := &Parser{queue: make(chan Document, 4*workers), done: make(chan struct{}), sums: sums{maxMemory: maxMemory}}
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
			p.Stop(err)
			continue
		}
		p.mu.Lock()
		p.objects = append(p.objects, obj)
		p.mu.Unlock()
	}
}

// ReadFile queues the objects of a file, which has one per line.
func (p *Parser) ReadFile(r io.Reader, name string, gk schema.GroupKind) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, MaxObject)
	for lines.Scan() && !p.stopped() {
		if err := p.queueDocument(bytes.Clone(lines.Bytes()), name, gk); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return TooLarge("an object in %s is larger than %d MiB", name, MaxObject>>20)
	}
	return lines.Err()
}

// queueDocument queues the text of one object, and skips an empty one.
func (p *Parser) queueDocument(text []byte, name string, gk schema.GroupKind) error {
	if len(text) == 0 {
		return nil
	}
	if p.Documents++; p.Documents > MaxObjects {
		return TooLarge("it has more than %d objects", MaxObjects)
	}
	p.queue <- Document{Text: text, File: name, gk: gk}
	return nil
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
	close(p.queue)
	p.workers.Wait()
	return p.objects, p.err
}
