package decode

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// ReadFile queues the objects of a file, which has one a line.
func (p *Parser) ReadFile(r io.Reader, name string, gk schema.GroupKind) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, MaxObject)
	for lines.Scan() && !p.stopped() {
		if err := p.QueueDocument(bytes.Clone(lines.Bytes()), name, gk); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return TooLarge("an object in %s is larger than %d MiB", name, MaxObject>>20)
	}
	return lines.Err()
}

func (p *Parser) QueueDocument(text []byte, name string, gk schema.GroupKind) error {
	if len(text) == 0 {
		return nil
	}
	if p.Documents++; p.Documents > MaxObjects {
		return TooLarge("it has more than %d objects", MaxObjects)
	}
	p.Queue <- Document{Text: text, File: name, Gk: gk}
	return nil
}
