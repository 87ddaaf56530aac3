package manifest

import (
	"bytes"
	"errors"
	"io"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/decode"
)

// jsonFile reads JSON values that follow each other, with the logs that
// `kubectl cluster-info dump` has between them.
func (r *printedReader) jsonFile() error {
	for {
		value := jsonValue{reader: r}
		if err := value.read(); err != nil {
			return err
		}
		if err := r.end(value.rest); err != nil {
			return err
		}
		switch err := r.nextValue(); err {
		case nil:
		case io.EOF:
			return nil
		case errDocument:
			return r.yamlFile()
		default:
			return err
		}
	}
}

// errDocument reports that a stream of YAML continues where a JSON value was expected.
var errDocument = errors.New("a YAML document begins")

// nextValue skips what is between values: lines of other programs, and logs, in which
// lines may look like values.
func (r *printedReader) nextValue() error {
	logs := false
	for {
		c, err := r.in.ReadByte()
		if err != nil {
			return err
		}
		if isSpace(c) {
			continue
		}
		if err := r.in.UnreadByte(); err != nil {
			return err
		}
		if c == '{' && !logs {
			return nil
		}
		if next, _ := r.in.Peek(3); string(next) == "---" && !logs {
			return errDocument
		}
		line, err := r.line()
		if marker, ok := bytes.CutPrefix(line, []byte("==== ")); ok {
			logs = bytes.HasPrefix(marker, []byte("START logs"))
		}
		if err != nil {
			return err
		}
	}
}

// line is the beginning of the next line, which is skipped.
func (r *printedReader) line() ([]byte, error) {
	part, err := r.in.ReadSlice('\n')
	line := bytes.Clone(part[:min(len(part), 64)])
	for err != nil && err != io.EOF { // bufio.ErrBufferFull, or the reader's
		if _, isOwn := err.(*decode.ReadError); isOwn {
			return nil, err
		}
		_, err = r.in.ReadSlice('\n')
	}
	return line, err
}

// jsonValue cuts an object into the items of its list, each of which is decoded separately,
// and the rest of it (RFC 8259). It examines strings and brackets only: the decoder reports
// what is not JSON between them.
type jsonValue struct {
	reader *printedReader
	// rest is the text without the items.
	rest, item []byte
	depth      int
	inString   bool
	escaped    bool
	// text is the position of the last string of depth 1 in rest; it is a key if a colon
	// follows.
	text  [2]int
	items bool // the last key is "items"
	// inItems is set while an item is read.
	inItems bool
}

func (v *jsonValue) read() error {
	for {
		c, err := v.reader.in.ReadByte()
		if err == io.EOF {
			return &decode.ReadError{Reason: decode.ErrPrinted, Found: v.reader.file + " ends in the middle of an object"}
		}
		if err != nil {
			return err
		}
		if err := v.next(c); err != nil {
			return err
		}
		if v.depth == 0 {
			return nil
		}
		if v.depth > mask.MaxDepth {
			return decode.TooLarge("%s has an object that is more than %d levels deep", v.reader.file, mask.MaxDepth)
		}
		if len(v.rest) > decode.MaxObject || len(v.item) > decode.MaxObject {
			return v.reader.tooLargeObject()
		}
	}
}

// next processes the next byte.
func (v *jsonValue) next(c byte) error {
	if v.inString {
		v.keep(c)
		switch {
		case v.escaped:
			v.escaped = false
		case c == '\\':
			v.escaped = true
		case c == '"':
			v.inString = false
			v.text[1] = len(v.rest)
		}
		return nil
	}
	const list = 2 // the depth in a list of the object
	switch c {
	case '"':
		v.inString = true
		if v.depth == 1 {
			v.text[0] = len(v.rest)
		}
	case ':':
		if v.depth == 1 {
			v.items = string(v.rest[v.text[0]:v.text[1]]) == `"items"`
		}
	case '{', '[':
		v.depth++
		if c == '[' && v.depth == list && v.items {
			v.rest = append(v.rest, c)
			v.inItems = true
			return nil
		}
	case ',':
		if v.inItems && v.depth == list {
			return v.endItem()
		}
	case '}', ']':
		v.depth--
		if v.inItems && v.depth < list {
			err := v.endItem()
			v.inItems = false
			v.rest = append(v.rest, c)
			return err
		}
	}
	v.keep(c)
	return nil
}

func (v *jsonValue) keep(c byte) {
	if v.inItems {
		v.item = append(v.item, c)
		return
	}
	v.rest = append(v.rest, c)
}

func (v *jsonValue) endItem() error {
	err := v.reader.item(v.item)
	v.item = v.item[:0]
	return err
}
