package mask

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
)

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
		for end < len(text) && (IsKeyByte(text[end]) || text[end] == ':') {
			end++
		}
		name := text[from:end]
		at = max(end, from)
		if name == "" || name[0] == '.' || !sensitive.SensitiveKey(name[strings.LastIndexByte(name, ':')+1:]) {
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

// contentEnd is where the element's content ends, or its first word where the text
// was cut off; lastClosing is where the last element closes.
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
