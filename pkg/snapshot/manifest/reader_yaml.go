package manifest

import (
	"bufio"
	"bytes"
	"io"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/decode"
)

// yamlFile reads the documents of a stream. The items of a List in block style, as
// kubectl prints it, are decoded one by one.
func (r *printedReader) yamlFile() error {
	doc := yamlDocument{reader: r}
	begins := true // at the beginning of a line
	for {
		part, err := r.in.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull && err != io.EOF {
			return err
		}
		switch {
		case begins && (bytes.HasPrefix(part, []byte("---")) || bytes.HasPrefix(part, []byte("..."))):
			if err := doc.end(); err != nil {
				return err
			}
			part = part[3:] // a document may begin on the line
		case begins && bytes.HasPrefix(part, []byte("%")) && len(bytes.TrimSpace(doc.rest)) == 0:
			part = part[len(part):] // a directive, such as %YAML 1.2
		}
		if begins {
			if err := doc.line(part); err != nil {
				return err
			}
		} else {
			doc.append(part)
		}
		if len(doc.rest) > decode.MaxObject || len(doc.item) > decode.MaxObject {
			return r.tooLargeObject()
		}
		begins = err == nil
		if err == io.EOF {
			return doc.end()
		}
	}
}

// yamlDocument cuts a document into the items of its list and the rest of it. In YAML
// 1.2.2, section 8.2.1, the lines of an item are indented more than its dash.
type yamlDocument struct {
	reader *printedReader
	rest   []byte
	item   []byte
	// list is set after the key "items"; indent is the column of its dashes, -1 before the
	// first.
	list   bool
	indent int
}

// line processes a line, or the first part of a long one.
func (d *yamlDocument) line(text []byte) error {
	content := bytes.TrimLeft(text, " ")
	indent := len(text) - len(content)
	blank := len(bytes.TrimSpace(content)) == 0 || content[0] == '#'
	dash := content != nil && (bytes.HasPrefix(content, []byte("- ")) || bytes.Equal(bytes.TrimSpace(content), []byte("-")))
	switch {
	case d.list && blank:
		d.append(text)
	case d.list && dash && (d.indent < 0 || indent == d.indent):
		d.indent = indent
		if err := d.endItem(); err != nil {
			return err
		}
		d.item = append(d.item, text...)
		d.item[indent] = ' ' // the dash
	case d.list && d.indent >= 0 && indent > d.indent:
		d.item = append(d.item, text...)
	default:
		if err := d.endItem(); err != nil {
			return err
		}
		d.list = false
		if string(bytes.TrimRight(text, " \r\n")) == "items:" {
			d.list, d.indent = true, -1
		}
		d.rest = append(d.rest, text...)
	}
	return nil
}

// append adds the next part of the same line.
func (d *yamlDocument) append(part []byte) {
	if d.list && d.indent >= 0 {
		d.item = append(d.item, part...)
		return
	}
	d.rest = append(d.rest, part...)
}

func (d *yamlDocument) endItem() error {
	err := d.reader.item(d.item)
	d.item = d.item[:0]
	return err
}

// end decodes the document and begins the next.
func (d *yamlDocument) end() error {
	if err := d.endItem(); err != nil {
		return err
	}
	err := d.reader.end(d.rest)
	*d = yamlDocument{reader: d.reader, rest: d.rest[:0]}
	return err
}
