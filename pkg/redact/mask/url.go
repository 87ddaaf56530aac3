package mask

import (
	"strings"
)

// maskURLs removes the user and password from URLs with a scheme.
func maskURLs(text string) string {
	var cuts []cut
	word := cut{} // what may be a URL at most: it is looked for once
	for from := 0; ; {
		i := strings.Index(text[from:], "://")
		if i < 0 {
			break
		}
		start := from + i + len("://")
		from = start
		if start >= word.to {
			word = cut{start, start + urlEnd(text[start:])}
			word.from = word.from + strings.LastIndexByte(text[start:word.to], '@')
		}
		found := userinfo(text[:word.to], start, word.from)
		if found.to > found.from {
			cuts = append(cuts, found)
			from = found.to
		}
	}
	return replace(text, cuts)
}

// urlEnd is where a URL in running text ends at the latest.
func urlEnd(text string) int {
	if i := strings.IndexAny(text, " \t\r\n\"`\\"); i >= 0 {
		return i
	}
	return len(text)
}

// userinfo is the user and password of a URL whose "://" ends at start. An "@"
// in its path, as of an image's digest, means nothing, unless what is before
// the path is no host and port: people forget to escape the "/" of a password.
// lastAt is the last "@" of the text.
func userinfo(text string, start, lastAt int) cut {
	if lastAt <= start {
		return cut{}
	}
	authority := text[start:]
	if i := strings.IndexAny(authority, "/?#"); i >= 0 {
		authority = authority[:i]
	}
	end := start + strings.LastIndexByte(authority, '@')
	if end < start {
		_, port, hasPort := strings.Cut(authority, ":")
		if !hasPort || IsDigits(port) || strings.HasPrefix(authority, "[") {
			return cut{}
		}
		end = lastAt
	}
	if user := text[start:end]; user == Redacted || user == "git" {
		return cut{}
	}
	return cut{start, end}
}

func IsDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}
