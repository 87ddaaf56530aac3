package mask

import (
	"encoding/base64"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
)

// maskFlags removes the values of "--password x" and of the same as a list of arguments,
// "--password","x". The form with "=" is a pair. Programs in Java have "-storepass x".
func maskFlags(text string) string {
	var cuts []cut
	for at := 0; ; {
		i := strings.IndexByte(text[at:], '-')
		if i < 0 {
			return replace(text, cuts)
		}
		start := at + i
		at = start + 1
		if start > 0 && IsKeyByte(text[start-1]) {
			for at < len(text) && IsKeyByte(text[at]) {
				at++
			}
			continue
		}
		name := start + 1
		if name < len(text) && text[name] == '-' {
			name++
		}
		end := name
		for end < len(text) && IsKeyByte(text[end]) {
			end++
		}
		at = max(end, at)
		if end-name < 3 || !sensitive.SensitiveKey(text[name:end]) {
			continue
		}
		from := end
		for from < len(text) && strings.IndexByte(" \t\"',\\", text[from]) >= 0 {
			from++
		}
		rest := text[from:]
		if from == end || rest == "" || rest[0] == '-' || isProse(rest, true) {
			continue
		}
		to := from + wordEnd(rest)
		if to > from && text[from:to] != Redacted {
			cuts = append(cuts, cut{from, to})
		}
		at = max(to, at)
	}
}

// maskSchemes removes the text after "Bearer" and "Basic", the schemes of HTTP's
// Authorization header, anywhere in a text.
func maskSchemes(text string) string {
	for _, scheme := range []string{"earer", "asic", "EARER", "ASIC"} {
		if strings.Contains(text, scheme) {
			text = replace(text, schemeValues(text, scheme))
		}
	}
	return text
}

func schemeValues(text, scheme string) []cut {
	var cuts []cut
	for at := 0; ; {
		i := strings.Index(text[at:], scheme)
		if i < 0 {
			return cuts
		}
		start := at + i
		at = start + len(scheme)
		if start == 0 || text[start-1]|0x20 != 'b' || start > 1 && IsAlnum(text[start-2]) {
			continue
		}
		from := at
		for from < len(text) && text[from] == ' ' {
			from++
		}
		if from == at {
			continue
		}
		to := from + tokenRun(text[from:])
		for to > from && text[to-1] == '.' {
			to--
		}
		value := text[from:to]
		if strings.HasSuffix(value, "=") && to < len(text) && isQuote(text[to]) {
			continue // Bearer realm="…"
		}
		if value == "" || !isCredential(value, scheme[0]|0x20 == 'a') {
			continue
		}
		cuts = append(cuts, cut{from, to})
		at = to
	}
}

// isCredential tells the value of a scheme from a word of prose: "Basic
// constraints", "Bearer token".
func isCredential(value string, basic bool) bool {
	if ordinary[strings.ToLower(value)] {
		return false
	}
	if !basic {
		return true
	}
	decoded, err := base64.StdEncoding.DecodeString(value)
	if err == nil && strings.Contains(string(decoded), ":") {
		return true
	}
	return len(value) >= 8 && !isLetters(value)
}
