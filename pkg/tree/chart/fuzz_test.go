package chart

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzFrame reads messages: none may panic or need more memory than it is long, and what is
// accepted is the same when it is written again.
func FuzzFrame(f *testing.F) {
	add := func(message any) {
		var b bytes.Buffer
		if err := writeFrame(&b, message, maxRequest); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	add(&response{Result: &Result{Manifests: []Manifest{{Path: "a", Text: "b", Hooks: []string{"pre-install"}}}}})
	add(&response{Error: &Error{Reason: Failed, Message: "m"}})
	add(&request{Files: []File{{Name: "a", Data: []byte("\xff")}}, Release: Release{Values: map[string]any{"a": nil}}})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, '{'})
	f.Fuzz(func(t *testing.T, input []byte) {
		var r response
		if err := readFrame(bytes.NewReader(input), &r, 1<<20); err != nil || r.check() != nil {
			return
		}
		var written bytes.Buffer
		if err := writeFrame(&written, &r, 1<<24); err != nil {
			t.Fatal(err)
		}
		var again response
		if err := readFrame(&written, &again, 1<<24); err != nil || (again.Error == nil) != (r.Error == nil) {
			t.Fatalf("read %+v again: %+v, %v", r, again, err)
		}
	})
}

// TestFrames checks the errors of messages.
func TestFrames(t *testing.T) {
	for name, test := range map[string]struct {
		input string
		want  error
	}{
		"the end":   {"", io.EOF},
		"too long":  {"\x00\x00\x10\x00{}", errTooLong},
		"too short": {"\x00\x00\x00\x08{}", io.ErrUnexpectedEOF},
	} {
		var r response
		if err := readFrame(strings.NewReader(test.input), &r, 100); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, r := range map[string]response{
		"nothing":   {},
		"both":      {Result: &Result{}, Error: &Error{}},
		"manifests": {Result: &Result{Manifests: make([]Manifest, maxObjects+1)}},
	} {
		if r.check() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// FuzzLocate finds templates in messages, which can have any text of a chart.
func FuzzLocate(f *testing.F) {
	f.Add("execution error at (app/templates/a.yaml:3:5): no")
	f.Add("app/templates/a.yaml:99999999999999999999:-5\n  executing \"x\" at <.a>:\n  nil pointer")
	paths := map[string]string{"app/templates/a.yaml": "charts/app/templates/a.yaml", "app/templates/a b.yaml": "charts/app/templates/a b.yaml"}
	f.Fuzz(func(t *testing.T, message string) {
		at, shown := locate(message, paths)
		if at.Line < 0 || at.Column < 0 || len(shown) > maxMessage+len("…") || utf8.ValidString(message) != utf8.ValidString(shown) && utf8.ValidString(message) {
			t.Errorf("found %+v: %q", at, shown)
		}
	})
}
