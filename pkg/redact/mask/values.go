package mask

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
)

// pairValue is the position of the value after the separator. It is empty if the value can't
// be a secret, as in "failed to get secret: not found". named is set if the key is only
// sensitive because of its context.
func pairValue(text string, k key, sep int, named bool) cut {
	start := sep + 1
	if start < len(text) && (text[start] == '=' || text[start] == '>') {
		start++ // := and =>
	}
	for start < len(text) && (text[start] == ' ' || text[start] == '\t') {
		start++
	}
	start += invalidValue(text[start:])
	rest := text[start:]
	strong := named || sensitive.StrongKey(k.name)
	if sensitive.HoldsMap(k.name) || k.name == "data" || k.name == "binaryData" {
		if found := mapValue(text, k, sep, start); found.to > found.from {
			return found
		}
	} else if open := structureStart(rest); open > 0 {
		return structureValue(text, k, start, open)
	}
	if quote := openQuote(rest); quote != "" {
		found := quotedValue(text, start, quote)
		if isNothing(text[found.from:found.to]) {
			return cut{}
		}
		if !strong && !k.quoted && isHarmless(text, k, sep, text[found.from:found.to], text[found.to:]) {
			return cut{}
		}
		return found
	}
	if wholeLine(k.name) && followsScheme(rest) {
		return cut{start, start + lineEnd(rest)}
	}
	if wholeLine(k.name) && strings.HasSuffix(wordOf(rest), ":") {
		return cut{}
	}
	if text[sep] == ':' && (isProse(rest, strong || k.quoted) || k.isPath() && isLetters(firstWord(rest))) {
		return cut{}
	}
	switch {
	case wholeLine(k.name):
		return cut{start, start + lineEnd(rest)}
	case rest != "" && (rest[0] == '|' || rest[0] == '>') && blockScalar(rest):
		return cut{start, len(text)}
	}
	end := start + wordEnd(rest)
	if k.spaced && text[sep] == ':' && !isLikelyKey(k.name, rest, text[start:end]) {
		return cut{}
	}
	if isNothing(text[start:end]) || isCount(k, text[start:end], named) || !strong && !k.quoted && isHarmless(text, k, sep, text[start:end], text[end:]) {
		return cut{}
	}
	return cut{start, end}
}

// schemes are those of HTTP's Authorization header.
var schemes = wordSet("basic bearer token digest apikey api-key negotiate ntlm oauth hawk aws4-hmac-sha256 sharedkey key")

// followsScheme reports whether the text is a scheme followed by credentials.
func followsScheme(rest string) bool {
	scheme, value, ok := strings.Cut(rest, " ")
	return ok && schemes[strings.ToLower(scheme)] && value != "" && !ordinary[strings.ToLower(firstWord(value))]
}

// isPath reports whether the key is the end of an object's name or of a path:
// "secret/db-secret: created", "at '/auth/password': got number".
func (k key) isPath() bool { return k.before == '/' }

func firstWord(rest string) string { return strings.TrimRight(wordOf(rest), ",;:.)]}\"'") }

// wordOf is the text before its first blank.
func wordOf(rest string) string {
	end := 0
	for end < len(rest) && rest[end] > ' ' {
		end++
	}
	return rest[:end]
}

// invalidValue is the length of the API server's phrase for a value that it rejects:
// `spec.password: Invalid value: "x": too short`.
func invalidValue(rest string) int {
	for _, prefix := range []string{"Invalid value: ", "Unsupported value: ", "Duplicate value: ", "Not found: "} {
		if strings.HasPrefix(rest, prefix) {
			return len(prefix)
		}
	}
	return 0
}

// openQuote is the quote at the beginning of the text, with the backslashes of an escaped
// one.
func openQuote(rest string) string {
	i := 0
	for i < len(rest) && rest[i] == '\\' {
		i++
	}
	if i < len(rest) && (rest[i] == '"' || rest[i] == '\'' || rest[i] == '`') {
		if i == 0 && len(rest) > 3 && rest[1] == rest[0] && rest[2] == rest[0] {
			return rest[:3] // TOML's quotes of several lines
		}
		return rest[:i+1]
	}
	return ""
}

// quotedValue is the value between the quotes, or up to the end of the text if that was cut
// off.
func quotedValue(text string, start int, quote string) cut {
	from := start + len(quote)
	for at := from; ; {
		i := strings.Index(text[at:], quote)
		if i < 0 {
			return cut{from, len(text)}
		}
		end := at + i
		// An odd number of further backslashes means that the value continues.
		slashes := 0
		for end-slashes > from && text[end-slashes-1] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return cut{from, end}
		}
		at = end + len(quote)
	}
}

// wholeLine are headers whose whole line is a secret: what follows such a header has spaces in it.
func wholeLine(key string) bool {
	return lineKeys.MatchEnd(key)
}

var lineKeys = sensitive.NewWords("authorization", "cookie", "cookies")

func lineEnd(rest string) int {
	for _, scheme := range []string{"Digest ", "OAuth ", "Hawk "} {
		if strings.HasPrefix(rest, scheme) { // their parameters are in quotes
			if i := strings.IndexAny(rest, "\r\n"); i >= 0 {
				return i
			}
			return len(rest)
		}
	}
	if i := strings.IndexAny(rest, "\r\n\"'"); i >= 0 {
		return i
	}
	return len(rest)
}

// blockScalar reports whether YAML's indicator of a block scalar ends the line.
func blockScalar(rest string) bool {
	line, _, more := strings.Cut(rest, "\n")
	return more && strings.Trim(line, "|>+-0123456789 \r") == ""
}

// wordEnd is the end of a value without quotes: at a space, at the next parameter of a URL,
// at a quote around the whole, before punctuation.
func wordEnd(rest string) int {
	if strings.HasPrefix(rest, Redacted) {
		return len(Redacted)
	}
	end := len(rest)
	for i := range len(rest) {
		c := rest[i]
		if c <= ' ' || c == '&' && startsParameter(rest[i+1:]) || isQuote(c) && closes(rest[i+1:]) {
			end = i
			break
		}
	}
	for end > 1 && strings.IndexByte(",;:.)]}", rest[end-1]) >= 0 {
		end--
	}
	return end
}

func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

func closes(rest string) bool {
	return rest == "" || strings.IndexByte(" \t\r\n,;:.)]}", rest[0]) >= 0
}

func startsParameter(rest string) bool {
	for i := range len(rest) {
		if rest[i] == '=' {
			return i > 0
		}
		if !isKeyByte(rest[i]) {
			return false
		}
	}
	return false
}
