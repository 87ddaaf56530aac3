package fluxmsg

import (
	"strings"
	"unicode/utf8"
)

const (
	// maxMessage is as much of a message as is read.
	maxMessage = 64 << 10
	// maxDetail is as much of other people's prose as is handed on.
	maxDetail = 2 << 10
	// maxWord is the longest name taken of what has no shape of Kubernetes' own:
	// an image, a user, a key, a path.
	maxWord = 1024
	// maxItems is how many objects are taken from one message: more than fit
	// into what Flux keeps of it.
	maxItems = 2048
)

// bound cuts a message, at a whole character, before anything reads it.
func bound(message string) string { return cut(message, maxMessage) }

// detail is prose as it is handed on: cut, and without space around it.
func detail(text string) string { return strings.TrimSpace(cut(strings.TrimSpace(text), maxDetail)) }

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// word is a name, or nothing when it is too long to be one.
func word(text string) string {
	if len(text) > maxWord {
		return ""
	}
	return text
}

// firstLine is all before the first line break: what follows an error there is
// Flux's list of what it changed, or Helm's log.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// groups gives what an expression's named groups hold, nil without a match.
func groups(expression *pattern, text string) map[string]string {
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

// containsAny tells whether one of the phrases is in the text.
func containsAny(text string, phrases ...string) bool {
	for _, phrase := range phrases {
		if strings.Contains(text, phrase) {
			return true
		}
	}
	return false
}
