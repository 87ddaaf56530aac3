package manifest

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"io"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/decode"
)

// printedReader reads the objects of one file. It keeps the text of at most one object in
// memory.
type printedReader struct {
	in   *bufio.Reader
	file string
	read *decode.Budget
	take func(printed)
	// items are those of the List that is being read.
	items []any
}

// read calls take with each object of the file. PowerShell writes UTF-16, with a byte
// order mark, where other shells write UTF-8.
func (f File) read(total *decode.Budget, take func(printed)) error {
	content := bufio.NewReaderSize(total.Reader(f.Content), 64<<10)
	begin, err := content.Peek(512)
	if err != nil && err != io.EOF {
		return err
	}
	if bytes.IndexByte(begin, 0) >= 0 && !IsUTF16(begin) {
		return &decode.ReadError{Reason: decode.ErrNotASnapshot, Found: f.Name + " is not a text file"}
	}
	var whole io.Reader = content
	if f.Size == 0 {
		// Objects take several times the memory of their text: input without an end must be
		// rejected before any object is decoded.
		all, err := decode.ReadPieces(content)
		if err != nil {
			return err
		}
		whole = all.Reader()
	}
	text := transform.NewReader(whole, unicode.BOMOverride(transform.Nop))
	r := &printedReader{in: bufio.NewReaderSize(text, 64<<10), file: f.Name, read: total, take: take}
	first, err := r.firstByte()
	switch {
	case err == io.EOF:
		return nil
	case err == nil && first == '{':
		err = r.jsonFile()
	case err == nil:
		err = r.yamlFile()
	}
	return printedError(err)
}

// IsUTF16 reports whether a text begins with a byte order mark of UTF-16 (Unicode Standard,
// section 23.8).
func IsUTF16(text []byte) bool {
	return bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff})
}

// firstByte skips white space.
func (r *printedReader) firstByte() (byte, error) {
	for {
		c, err := r.in.ReadByte()
		if err != nil {
			return 0, err
		}
		if !isSpace(c) {
			return c, r.in.UnreadByte()
		}
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// printedError replaces the reason ErrDamaged: a file that kubectl printed can be printed
// again.
func printedError(err error) error {
	var own *decode.ReadError
	if errors.As(err, &own) && own.Reason == decode.ErrDamaged {
		return &decode.ReadError{Reason: decode.ErrPrinted, Found: own.Found, Cause: own.Cause}
	}
	return err
}

// item decodes an item of a List and keeps it until the List's kind is known.
func (r *printedReader) item(text []byte) error {
	if text = trimmed(text); len(text) == 0 {
		return nil
	}
	value, err := decode.ParseValue(decode.Document{Text: text, File: r.file})
	if err != nil {
		return err
	}
	r.items = append(r.items, value)
	const depth = 3 // in the List, in its items
	return r.read.Take(value, depth, r.file)
}

// trimmed is the text without white space around it, except for the indentation of its first
// line, which counts in block style.
func trimmed(text []byte) []byte {
	inner := bytes.TrimSpace(text)
	if len(inner) == 0 || inner[0] == '{' {
		return inner
	}
	begin := bytes.LastIndexByte(text[:bytes.Index(text, inner)], '\n') + 1
	return bytes.TrimRight(text[begin:], " \r\n\t")
}

// end decodes the part of a document that is not items, and passes on the objects.
func (r *printedReader) end(text []byte) error {
	content, items := map[string]any{}, r.items
	r.items = nil
	if text = trimmed(text); len(text) > 0 {
		parsed, err := decode.ParseMap(decode.Document{Text: text, File: r.file})
		if err == nil {
			err = r.read.Take(parsed, 1, r.file)
		}
		if err != nil {
			return err
		}
		if parsed != nil {
			content = parsed
		}
	}
	if len(items) > 0 {
		content["items"] = items
	}
	r.flatten(content, false)
	return nil
}

// flatten extracts objects from Lists. The items of a typed list ("PodList") have no kind of
// their own.
func (r *printedReader) flatten(content map[string]any, listed bool) {
	kind, isList := strings.CutSuffix(object.Text(content, "kind"), "List")
	if _, items := content["items"]; !isList || !items {
		if obj := (&unstructured.Unstructured{Object: content}); obj.GetKind() != "" && obj.GetName() != "" {
			r.take(printed{obj, listed})
		}
		return
	}
	for _, item := range object.List(content, "items") {
		if object.Text(item, "kind") == "" && kind != "" {
			item["kind"], item["apiVersion"] = kind, cmp.Or(object.Text(item, "apiVersion"), object.Text(content, "apiVersion"))
		}
		r.flatten(item, true)
	}
}

// tooLargeObject is the error of a text that no API server stores.
func (r *printedReader) tooLargeObject() error {
	return decode.TooLarge("an object in %s is larger than %d MiB", r.file, decode.MaxObject>>20)
}
