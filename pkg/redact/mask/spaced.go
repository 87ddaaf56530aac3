package mask

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
)

// maskSpaced removes passwords that only a blank separates from their name: SQL's
// PASSWORD 'x', (password "x"), "login a password x" of a .netrc, requirepass x.
func maskSpaced(text string) string {
	for _, stem := range []string{"ass", "ASS"} {
		if strings.Contains(text, stem) {
			text = replace(text, spacedValues(text, stem))
		}
	}
	if strings.Contains(text, "masterauth ") {
		text = replace(text, spacedValues(text, "masterauth"))
	}
	text = maskSpokenTokens(text)
	for _, words := range []string{"DENTIFIED BY ", "dentified by "} {
		if i := strings.Index(text, words); i >= 0 {
			text = replace(text, quotedAfter(text, words))
		}
	}
	return text
}

func spacedValues(text, stem string) []cut {
	var cuts []cut
	for at := 0; ; {
		i := strings.Index(text[at:], stem)
		if i < 0 {
			return cuts
		}
		from, end := at+i, at+i+len(stem)
		for from > at && from > 0 && IsKeyByte(text[from-1]) {
			from--
		}
		for end < len(text) && IsKeyByte(text[end]) {
			end++
		}
		at = end
		key := text[from:end]
		value := end
		for value < len(text) && (text[value] == ' ' || text[value] == '\t') {
			value++
		}
		if call := strings.TrimPrefix(text[end:], "("); len(call) < len(text)-end && openQuote(call) != "" {
			value = end + 1 // PASSWORD('x')
		}
		if value == end || value == len(text) || !isSpacedKey(key) {
			continue
		}
		if found := spacedValue(text, key, from, value); found.to > found.from && text[found.from:found.to] != Redacted {
			cuts = append(cuts, found)
			at = found.to
		}
	}
}

// isSpacedKey tells whether the word is a name that a password may follow.
func isSpacedKey(key string) bool {
	var buffer [sensitive.MaxKeyLength]byte
	squeezed := sensitive.Squeeze(buffer[:0], key)
	return sensitive.HasAnySuffix(squeezed, spacedKeys)
}

var spacedKeys = sensitive.Words("password", "passwd", "passphrase", "requirepass", "defaultpass", "masterauth", "authpass")

func spacedValue(text, key string, keyAt, value int) cut {
	rest := text[value:]
	inList := keyAt > 0 && (text[keyAt-1] == '(' || text[keyAt-1] == ':' && keyAt > 1 && text[keyAt-2] == '(')
	if inList && strings.HasPrefix(rest, ". ") {
		value += len(". ")
		rest = text[value:]
	}
	if next, ok := strings.CutPrefix(rest, "-> "); ok {
		value += len(rest) - len(next)
		if !isProse(next, true) {
			return cut{value, value + wordEnd(next)}
		}
	}
	quote := openQuote(rest)
	switch {
	case quote != "" && (keyAt == 0 || !isQuote(text[keyAt-1])):
		found := quotedValue(text, value, quote)
		if found.to == len(text) || strings.ContainsAny(text[found.from:found.to], "\n") {
			return cut{}
		}
		return found
	case inList:
		end := strings.IndexAny(rest, " )\n")
		if end > 0 && rest[end] == ')' {
			return cut{value, value + end}
		}
	case bareKeys[key], followsLogin(text[:keyAt]), text[value-1] == '\t':
		if !isProse(rest, true) {
			return cut{value, value + wordEnd(rest)}
		}
	}
	return cut{}
}

// followsLogin tells whether the text ends with "login NAME ".
func followsLogin(before string) bool {
	before = strings.TrimRight(before[max(0, len(before)-sensitive.MaxKeyLength):], " \t\n")
	name := strings.LastIndexAny(before, " \t\n")
	return name > 0 && strings.HasSuffix(strings.TrimRight(before[:name], " \t\n"), "login")
}

func quotedAfter(text, words string) []cut {
	var cuts []cut
	for at := 0; ; {
		i := strings.Index(text[at:], words)
		if i < 0 {
			return cuts
		}
		at += i + len(words)
		if next, ok := strings.CutPrefix(text[at:], "PASSWORD "); ok {
			at = len(text) - len(next)
		}
		if quote := openQuote(text[at:]); quote != "" {
			found := quotedValue(text, at, quote)
			if text[found.from:found.to] != Redacted && found.to > found.from {
				cuts = append(cuts, found)
			}
			at = found.to
		}
	}
}

// bareKeys are words of configuration files that the password follows.
var bareKeys = wordSet("requirepass masterauth insecure-password auth_pass auth-pass")

// maskSpokenTokens removes tokens in sentences: they are long, of capitals, small letters
// and digits, and not the name of an object.
func maskSpokenTokens(text string) string {
	var cuts []cut
	for _, word := range []string{"oken ", "ecret ", "assword ", " key "} {
		cuts = cuts[:0]
		for at := 0; ; {
			i := strings.Index(text[at:], word)
			if i < 0 {
				break
			}
			from := at + i + len(word)
			at = from
			from += len(openQuote(text[from:]))
			run := text[from : from+alnumRun(text[from:])]
			if len(run) >= minSpoken && isMixed(run) && countDigits(run) >= 2 {
				cuts = append(cuts, cut{from, from + len(run)})
				at = from + len(run)
			}
		}
		text = replace(text, cuts)
	}
	return text
}

// minSpoken is the length of the shortest token that is known so.
const minSpoken = 12
