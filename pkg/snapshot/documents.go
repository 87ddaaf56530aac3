package snapshot

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// readFile queues the objects of a file, which has one a line.
func (p *Parser) readFile(r io.Reader, name string, gk schema.GroupKind) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxObject)
	for lines.Scan() && !p.stopped() {
		if err := p.queueDocument(bytes.Clone(lines.Bytes()), name, gk); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return tooLarge("an object in %s is larger than %d MiB", name, maxObject>>20)
	}
	return lines.Err()
}

func (p *Parser) queueDocument(text []byte, name string, gk schema.GroupKind) error {
	if len(text) == 0 {
		return nil
	}
	if p.documents++; p.documents > maxObjects {
		return tooLarge("it has more than %d objects", maxObjects)
	}
	p.queue <- document{text: text, file: name, gk: gk}
	return nil
}
