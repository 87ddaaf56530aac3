package snapshot

import "strings"

// maskMySQL takes the user and password out of "user:password@tcp(host)/db".
func maskMySQL(text string) string {
	var cuts []cut
	for _, mark := range []string{"@tcp(", "@unix("} {
		cuts = cuts[:0]
		for from := 0; ; {
			i := strings.Index(text[from:], mark)
			if i < 0 {
				break
			}
			end := from + i
			start := from + strings.LastIndexAny(text[from:end], " \t\r\n\"'`=") + 1
			if start < end && text[start:end] != Redacted {
				cuts = append(cuts, cut{start, end})
			}
			from = end + len(mark)
		}
		text = replace(text, cuts)
	}
	return text
}

// maskUser takes out the user and password of "curl -u user:password"; not the
// numbers of a user and a group.
func maskUser(text string) string {
	const flag = "-u "
	var cuts []cut
	for from := 0; ; {
		i := strings.Index(text[from:], flag)
		if i < 0 {
			return replace(text, cuts)
		}
		flagAt := from + i
		from = flagAt + len(flag)
		word := text[from:]
		if end := strings.IndexAny(word, " \t\r\n\"'"); end >= 0 {
			word = word[:end]
		}
		user, password, pair := strings.Cut(word, ":")
		if flagAt > 0 && text[flagAt-1] > ' ' || !pair || isDigits(user) && isDigits(password) {
			continue
		}
		cuts = append(cuts, cut{from, from + len(word)})
		from += len(word)
	}
}
