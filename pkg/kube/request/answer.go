package request

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// AnswerError is the error of an answer that is not what was requested. Other requests may
// still succeed.
type AnswerError struct {
	text string
	// Passing is set if the same request may succeed later: a server restarts, or a proxy in
	// front of it can't reach it.
	Passing bool
	// large is set if the answer exceeds its limit.
	large bool
}

func (e AnswerError) Error() string { return e.text }

// maxText is how much of another program's message an error repeats.
const maxText = 300

// maxMessage is how long the message of a Status may be: those of admission webhooks
// are longer than others.
const maxMessage = 2000

// Malformed is an AnswerError of one line of no more than 300 bytes.
func Malformed(format string, args ...any) error {
	return AnswerError{text: oneLine(fmt.Sprintf(format, args...), maxText)}
}

// passing is Malformed, if a later answer may differ.
func passing(format string, args ...any) error {
	return AnswerError{text: oneLine(fmt.Sprintf(format, args...), maxText), Passing: true}
}

// OneLine is the beginning of another program's message, for an error: see Malformed.
func OneLine(text string) string { return oneLine(text, maxMessage) }

// oneLine is the beginning of a text, without characters that a terminal does not show.
func oneLine(text string, most int) string {
	text = strings.ToValidUTF8(text[:min(len(text), most)], "")
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		switch {
		case c == '\n', c == '\t', c == '\r':
			return ' '
		case !unicode.IsPrint(c):
			return utf8.RuneError
		}
		return c
	}, text))
}

// isHTML distinguishes the page of a proxy or of a login from JSON, independent of its
// content type.
func isHTML(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) }

// title is that of an HTML page.
var title = regexp.MustCompile(`(?is)<title[^>]*>(.{1,200}?)</title>`)

// pageOf describes an HTML page, with its title if that is text.
func pageOf(body []byte) string {
	const page = "the answer is an HTML page, not JSON"
	found := title.FindSubmatch(body[:min(len(body), 64<<10)])
	if found == nil {
		return page
	}
	words := strings.Fields(oneLine(html.UnescapeString(string(found[1])), maxText))
	if len(words) == 0 {
		return page
	}
	return fmt.Sprintf("the answer is an HTML page with the title %q, not JSON: the page of a proxy or of a login", strings.Join(words, " "))
}

// Unmarshal decodes an answer that must be an object of the kind.
func Unmarshal(body []byte, into any, kind string) error {
	err := stdjson.Unmarshal(body, into)
	var syntax *stdjson.SyntaxError
	var field *stdjson.UnmarshalTypeError
	trimmed := bytes.TrimSpace(body)
	switch {
	case bytes.Equal(trimmed, []byte("null")):
		return Malformed("the answer is null, not %s", WithArticle(kind))
	case err == nil && !utf8.Valid(body):
		return Malformed("the answer is not UTF-8, as JSON is")
	case err == nil:
		return nil
	case len(trimmed) == 0:
		return Malformed("the answer is empty")
	case isHTML(body):
		return Malformed("%s", pageOf(body))
	case errors.As(err, &field):
		value, _, _ := strings.Cut(field.Value, " ") // "number 7"
		if field.Field == "" {
			return Malformed("the answer is %s, not %s", WithArticle(value), WithArticle(kind))
		}
		return Malformed("the %s is malformed: %s is %s", kind, field.Field, WithArticle(value))
	case errors.As(err, &syntax) && strings.HasPrefix(syntax.Error(), "unexpected end"):
		return Malformed("the answer is truncated after %d bytes", len(body))
	}
	return Malformed("the answer is not JSON: %v", err)
}

// OtherKind is the error of an answer of another kind. Its message is a Status's.
func OtherKind(kind, message, wanted string) error {
	if kind == "" {
		return Malformed("the answer is an object without a kind, not %s", WithArticle(wanted))
	}
	if message != "" {
		message = ": " + message
	}
	return Malformed("the answer is %s, not %s%s", WithArticle(kind), WithArticle(wanted), message)
}

// WithArticle returns a word with its article, "an Ingress".
func WithArticle(word string) string {
	if word != "" && strings.ContainsRune("aeioAEIO", rune(word[0])) {
		return "an " + word
	}
	return "a " + word
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
