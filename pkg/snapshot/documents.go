package snapshot

import (
	"bufio"
	"bytes"
	"io"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// readFile queues the documents of a file: what stands between lines that
// begin with "---" or "...".
func (p *parsing) readFile(r io.Reader, name string, gk schema.GroupKind) error {
	lines := bufio.NewReaderSize(r, 64<<10)
	var text []byte
	begins := true // of a line
	for {
		part, err := lines.ReadSlice('\n')
		if begins && (bytes.HasPrefix(part, []byte("---")) || bytes.HasPrefix(part, []byte("..."))) {
			if err := p.queueDocument(text, name, gk); err != nil {
				return err
			}
			// "--- {…}" may have the document on the same line.
			text, part = nil, part[3:]
		}
		if text = append(text, part...); len(text) > maxObject {
			return tooLarge("an object in %s is larger than %d MiB", name, maxObject>>20)
		}
		begins = err == nil
		switch err {
		case nil, bufio.ErrBufferFull:
		case io.EOF:
			return p.queueDocument(text, name, gk)
		default:
			return err
		}
		if p.stopped() {
			return nil
		}
	}
}

func (p *parsing) queueDocument(text []byte, name string, gk schema.GroupKind) error {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return nil
	}
	if p.documents++; p.documents > maxObjects {
		return tooLarge("it has more than %d objects", maxObjects)
	}
	p.queue <- document{text: text, file: name, gk: gk}
	return nil
}
