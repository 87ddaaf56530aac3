package match

import (
	"strings"
	"unicode/utf8"
)

const (
	// MaxMessage is how much of a message is read.
	MaxMessage = 64 << 10
	// MaxDetail is how much text of others is returned.
	MaxDetail = 2 << 10
	// maxWord is the maximum length of a name whose form Kubernetes does not define: an
	// image, a user, a key, a path.
	maxWord = 1024
	// MaxItems is how many objects are read from one message: more than fit into what
	// Flux keeps of it.
	MaxItems = 2048
)

// Bound truncates a message, at a whole character, before it is parsed.
func Bound(message string) string { return Cut(message, MaxMessage) }

// Detail is text of others as it is returned: truncated, and without surrounding space.
func Detail(text string) string { return strings.TrimSpace(Cut(strings.TrimSpace(text), MaxDetail)) }

// Cut truncates a text to a number of bytes, at a whole character.
func Cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// Word is a name, or empty if it is too long to be one.
func Word(text string) string {
	if len(text) > maxWord {
		return ""
	}
	return text
}

// FirstLine is the text before the first line break: what follows an error there is the
// list of changes of Flux, or the log of Helm.
func FirstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// Groups are the named groups of an expression, nil without a match.
func Groups(expression *Pattern, text string) map[string]string {
	found := expression.FindStringSubmatch(text)
	if found == nil {
		return nil
	}
	named := map[string]string{}
	for i, name := range expression.SubexpNames() {
		if name != "" {
			named[name] = found[i]
		}
	}
	return named
}

// ContainsAny reports whether the text contains one of the phrases.
func ContainsAny(text string, phrases ...string) bool {
	for _, phrase := range phrases {
		if strings.Contains(text, phrase) {
			return true
		}
	}
	return false
}
