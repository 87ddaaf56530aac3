package mask

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
)

// structureStart is the length of the beginning of a map or a list, in JSON, YAML or as Go
// prints it; 0 if the text is neither.
func structureStart(rest string) int {
	for _, open := range []string{"{", "[", "map[", "&{"} {
		if strings.HasPrefix(rest, open) {
			return len(open)
		}
	}
	if len(rest) > 1 && rest[0] == '(' && isQuote(rest[1]) {
		return 1 // Python's ('user', 'password')
	}
	return 0
}

// structureValue is the map or list that follows a key. Names and references stay, and so do
// maps whose own fields show what is secret.
func structureValue(text string, k key, start, open int) cut {
	inner := strings.TrimLeft(text[start+open:], " \t\r\n\"'\\")
	list := text[start] == '(' || text[start] == '[' && start+1 < len(text) && strings.IndexByte("\"'\\", text[start+1]) >= 0
	if openMaps.Match(k.name) && !list || inner == "" || text[start:] == "[]" || text[start:] == "{}" {
		return cut{}
	}
	if !list && !sensitive.HasStrongWord(k.name) && !lineKeys.MatchEnd(k.name) {
		first := inner
		if i := strings.IndexFunc(inner, func(r rune) bool { return r > 127 || !isKeyByte(byte(r)) }); i >= 0 {
			first = inner[:i]
		}
		if referenceKeys[first] || text[start+open] == ' ' || text[start+open] == '\n' {
			return cut{}
		}
	}
	end := start + balancedEnd(text[start:])
	if strings.Trim(text[start:end], "[]{}<> ") == strings.Trim(Redacted, "<>") {
		return cut{}
	}
	return cut{start, end}
}

// openMaps are maps with fields of their own, some of which are secret.
var openMaps = sensitive.NewWords("auth", "basicauth", "psk", "jwt", "bearer", "bearerauth")

// referenceKeys begin a map that refers to a secret.
var referenceKeys = map[string]bool{
	"name": true, "secretName": true, "key": true, "kind": true, "namespace": true, "optional": true, "defaultMode": true,
	"apiVersion": true, "existingSecret": true, "secretRef": true, "secretKeyRef": true, "valueFrom": true, "items": true, "enabled": true, "create": true,
}

// balancedEnd is where the first brackets of the text close, or its end.
func balancedEnd(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '{', '[', '(':
			depth++
		case '}', ']', ')':
			if depth--; depth <= 0 {
				return i + 1
			}
		case '"', '\\', '\'':
			if c == '\'' && i > 0 && IsAlnum(text[i-1]) {
				continue // an apostrophe
			}
			if quote := openQuote(text[i:]); quote != "" {
				i = quotedValue(text, i, quote).to + len(quote) - 1
			}
		}
	}
	return len(text)
}

// mapValue is the map that follows RegisteredUsers or stringData: in brackets, or as the
// lines below with more indentation.
func mapValue(text string, k key, sep, start int) cut {
	rest := text[start:]
	switch {
	case structureStart(rest) > 0:
		end := start + balancedEnd(rest)
		if rest[:end-start] == "{}" || rest[:end-start] == "[]" {
			return cut{}
		}
		return cut{start, end}
	case startsLine(rest) > 0:
		return cut{start, blockEnd(text, k, start)}
	case rest != "" && (rest[0] == '|' || rest[0] == '>'):
		line := strings.TrimLeft(rest, "|>+-0123456789 ")
		if startsLine(line) > 0 {
			return cut{start, blockEnd(text, k, len(text)-len(line))}
		}
	case text[sep] == ':' && openQuote(rest) == "" && !isProse(rest, true):
		return cut{start, start + lineEnd(rest)}
	}
	return cut{}
}

// startsLine is the length of a line break, literal or escaped; 0 if there is none.
func startsLine(text string) int {
	for _, end := range []string{"\n", "\r\n", `\n`, `\r\n`, `\\n`} {
		if strings.HasPrefix(text, end) {
			return len(end)
		}
	}
	return 0
}

// blockEnd is the end of the lines that are indented more than the key's.
func blockEnd(text string, k key, at int) int {
	own := indentBefore(text[:k.from])
	for at < len(text) {
		skip := startsLine(text[at:])
		if skip == 0 {
			return at
		}
		line := text[at+skip:]
		width := indent(line)
		if rest := line[width:]; rest != "" && startsLine(rest) == 0 && width <= own {
			return at
		}
		end := strings.IndexAny(line, "\n\\")
		for end >= 0 && line[end] == '\\' && startsLine(line[end:]) == 0 && strings.IndexByte(`"'`, byteAt(line, end+1)) >= 0 {
			next := strings.IndexAny(line[end+2:], "\n\\")
			if next < 0 {
				end = -1
				break
			}
			end += 2 + next
		}
		if end < 0 {
			return len(text)
		}
		if startsLine(line[end:]) == 0 {
			return at + skip + end
		}
		at += skip + end
	}
	return at
}

func byteAt(text string, i int) byte {
	if i < len(text) {
		return text[i]
	}
	return 0
}

// indent counts the leading blanks of the line, and the sign of a diff.
func indent(line string) int {
	i := 0
	for i < len(line) && (line[i] == ' ' || i == 0 && (line[i] == '+' || line[i] == '-')) {
		i++
	}
	return i
}

// indentBefore counts the same in a text that ends where the line's key begins.
func indentBefore(before string) int {
	before = before[max(0, len(before)-maxUserinfo):]
	start := strings.LastIndexByte(before, '\n') + 1
	if i := strings.LastIndex(before, `\n`); i >= 0 {
		start = max(start, i+len(`\n`))
	}
	return indent(before[start:])
}

// maskMarkup removes the content of XML elements: <password>x</password>.
func maskMarkup(text string) string {
	if strings.IndexByte(text, '<') < 0 || strings.IndexByte(text, '>') < 0 {
		return text
	}
	var cuts []cut
	lastClosing := strings.LastIndex(text, "</")
	for at := 0; at < len(text); {
		i := strings.IndexByte(text[at:], '<')
		if i < 0 {
			break
		}
		from := at + i + 1
		end := from
		for end < len(text) && (isKeyByte(text[end]) || text[end] == ':') {
			end++
		}
		name := text[from:end]
		at = max(end, from)
		if name == "" || name[0] == '.' || !sensitive.Key(name[strings.LastIndexByte(name, ':')+1:]) {
			continue
		}
		closing := strings.IndexAny(text[end:], "<>")
		if closing < 0 || text[end+closing] == '<' || text[end+closing-1] == '/' {
			continue
		}
		start := end + closing + 1
		to := contentEnd(text, name, start, lastClosing)
		if to > start && text[start:to] != Redacted {
			cuts = append(cuts, cut{start, to})
		}
		at = max(to, start)
	}
	return replace(text, cuts)
}

// contentEnd is the end of the element's content, or of its first word if the text was cut
// off; lastClosing is where the last element closes.
func contentEnd(text, name string, start, lastClosing int) int {
	if start <= lastClosing {
		if sensitive.HoldsMap(name[strings.LastIndexByte(name, ':')+1:]) {
			if i := strings.Index(text[start:], "</"+name); i >= 0 {
				return start + i
			}
			return len(text)
		}
		return start + strings.Index(text[start:], "</")
	}
	if start < len(text) && IsAlnum(text[start]) {
		return start + wordEnd(text[start:])
	}
	return start
}

// maskSections removes the section [RegisteredUsers] of TOML.
func maskSections(text string) string {
	var cuts []cut
	for at := 0; ; {
		i := strings.Index(text[at:], "]\n")
		if i < 0 {
			return replace(text, cuts)
		}
		end := at + i
		at = end + len("]\n")
		open := strings.LastIndexByte(text[max(0, end-sensitive.MaxKeyLength):end], '[') + max(0, end-sensitive.MaxKeyLength)
		if open < 0 || open >= end || text[open] != '[' || !sensitive.HoldsMap(text[open+1:end]) {
			continue
		}
		to := len(text)
		if next := strings.Index(text[at:], "\n["); next >= 0 {
			to = at + next
		}
		if to > at && strings.TrimSpace(text[at:to]) != Redacted {
			cuts = append(cuts, cut{at, to})
			at = to
		}
	}
}
