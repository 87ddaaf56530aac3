package fluxmsg

import (
	"strings"
	"unicode/utf8"
)

const (
	// maxMessage is how much of a message is read.
	maxMessage = 64 << 10
	// maxDetail is how much text of others is returned.
	maxDetail = 2 << 10
	// maxWord is the longest name taken of what has no shape of Kubernetes' own:
	// an image, a user, a key, a path.
	maxWord = 1024
	// maxItems is how many objects are read from one message: more than fit into what
	// Flux keeps of it.
	maxItems = 2048
)

// bound truncates a message, at a whole character, before it is parsed.
func bound(message string) string { return cut(message, maxMessage) }

// detail is text of others as it is returned: truncated, and without surrounding space.
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

// word is a name, or empty if it is too long to be one.
func word(text string) string {
	if len(text) > maxWord {
		return ""
	}
	return text
}

// firstLine is the text before the first line break: what follows an error there is the
// list of changes of Flux, or the log of Helm.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// groups are the named groups of an expression, nil without a match.
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

// containsAny reports whether the text contains one of the phrases.
func containsAny(text string, phrases ...string) bool {
	for _, phrase := range phrases {
		if strings.Contains(text, phrase) {
			return true
		}
	}
	return false
}
