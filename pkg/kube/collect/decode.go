package collect

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

// decoder decodes objects in one pass over their JSON: into pooled texts, and without
// metadata.managedFields, which are often half of an object. Decoding into maps first and
// pooling them afterwards takes three times as long, and leaves most of its memory to the
// garbage collector.
type decoder struct {
	json *jsontext.Decoder
	pool *pool
	// end is the offset at which the current item is too large.
	end int64
	// big is the offset from which it is decoded alone.
	big   int64
	alone bool
	// members and elements are those of the objects and arrays that are not complete yet.
	members  []member
	elements []any
}

type member struct {
	key   string
	value any
}

// decoding is held while a big item is decoded.
var decoding sync.Mutex

// errItemSize is the error of an item that is too large; it continues after "item 1".
var errItemSize = fmt.Errorf("is larger than %d MiB", maxItem>>20)

// lenient accepts what encoding/json accepts: of two members with the same name, the last
// counts, and half a character, escaped, is U+FFFD. Text that is kept must be UTF-8.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

func newDecoder(body io.Reader, pool *pool) *decoder {
	return &decoder{json: jsontext.NewDecoder(body, lenient...), pool: pool}
}

// item decodes the next value, which is an item of a list, and keeps the fields of it.
func (d *decoder) item(keep *fields) (any, error) {
	start := d.json.InputOffset()
	d.end, d.big = start+maxItem, start+bigItem
	d.members, d.elements = d.members[:0], d.elements[:0]
	defer func() {
		if d.alone {
			d.alone = false
			decoding.Unlock()
		}
	}()
	return d.value(keep, 0, false)
}

// value decodes the next value. depth is that of the value in its item; metadata is set for
// the value of the item's field of this name.
func (d *decoder) value(keep *fields, depth int, metadata bool) (any, error) {
	switch kind := d.json.PeekKind(); kind {
	case '{':
		return d.object(keep, depth, metadata)
	case '[':
		return d.array(keep, depth)
	case '"', '0':
		raw, err := d.json.ReadValue()
		if err != nil {
			return nil, err
		}
		if kind == '"' {
			return d.pool.text(raw)
		}
		return d.pool.number(raw)
	default:
		token, err := d.json.ReadToken()
		if err != nil || kind == 'n' {
			return nil, err
		}
		return token.Bool(), nil
	}
}

func (d *decoder) object(keep *fields, depth int, metadata bool) (any, error) {
	if _, err := d.json.ReadToken(); err != nil {
		return nil, err
	}
	from := len(d.members)
	for d.json.PeekKind() != '}' {
		raw, err := d.json.ReadValue()
		if err != nil {
			return nil, err
		}
		key, err := d.pool.key(raw)
		if err != nil {
			return nil, err
		}
		below := keep.of(key)
		if below == nil || metadata && key == "managedFields" {
			if err := d.json.SkipValue(); err != nil {
				return nil, err
			}
			continue
		}
		value, err := d.value(below, depth+1, depth == 0 && key == "metadata")
		if err != nil {
			return nil, err
		}
		d.members = append(d.members, member{key, value})
		if err := d.limit(); err != nil {
			return nil, err
		}
	}
	if _, err := d.json.ReadToken(); err != nil {
		return nil, err
	}
	object := make(map[string]any, len(d.members)-from)
	for _, m := range d.members[from:] {
		object[m.key] = m.value
	}
	clear(d.members[from:])
	d.members = d.members[:from]
	d.pool.weight += mapWeight + groupWeight*int64(1+len(object)/7)
	return object, nil
}

func (d *decoder) array(keep *fields, depth int) (any, error) {
	if _, err := d.json.ReadToken(); err != nil {
		return nil, err
	}
	from := len(d.elements)
	for d.json.PeekKind() != ']' {
		value, err := d.value(keep, depth+1, false)
		if err != nil {
			return nil, err
		}
		d.elements = append(d.elements, value)
		if err := d.limit(); err != nil {
			return nil, err
		}
	}
	if _, err := d.json.ReadToken(); err != nil {
		return nil, err
	}
	array := slices.Clone(d.elements[from:])
	if array == nil {
		array = []any{}
	}
	clear(d.elements[from:])
	d.elements = d.elements[:from]
	d.pool.weight += sliceWeight + entryWeight*int64(len(array))
	return array, nil
}

// limit ends an item that is too large, and waits for others that are big.
func (d *decoder) limit() error {
	at := d.json.InputOffset()
	if at > d.end {
		return errItemSize
	}
	if at > d.big && !d.alone {
		decoding.Lock()
		d.alone = true
	}
	return nil
}

// number is an integer if the number is one that fits, as in the objects of
// k8s.io/apimachinery (pkg/util/json).
func number(raw []byte) (any, error) {
	text := string(raw)
	if !strings.ContainsAny(text, ".eE") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, errors.New("is malformed: it has a number that is too large")
	}
	return n, nil
}

// errNotUTF8 is the error of text that is not UTF-8.
var errNotUTF8 = request.Malformed("the answer is not UTF-8, as JSON is")

// unquoted is the text of a JSON string, which shares its memory if nothing is escaped.
func unquoted(raw []byte) ([]byte, error) {
	if !utf8.Valid(raw) {
		return nil, errNotUTF8
	}
	if inner := raw[1 : len(raw)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return inner, nil
	}
	var text string // in which half a character, escaped, is U+FFFD
	err := stdjson.Unmarshal(raw, &text)
	return []byte(text), err
}
