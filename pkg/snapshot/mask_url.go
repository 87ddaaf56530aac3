package snapshot

import "strings"

// maskURLs takes the user and password out of URLs, and the path of chat
// rooms' hooks, which is a password too.
func maskURLs(text string) string {
	var cuts []cut
	for from := 0; ; {
		i := strings.Index(text[from:], "://")
		if i < 0 {
			break
		}
		start := from + i + len("://")
		from = start
		if end := userinfoEnd(text[start:]); end > 0 {
			from = start + end
			if user := text[start:from]; user != Redacted && user != "git" {
				cuts = append(cuts, cut{start, from})
			}
		} else if hook := hookPath(text[start:]); hook.to > hook.from {
			from = start + hook.to
			cuts = append(cuts, cut{start + hook.from, from})
		}
	}
	return maskMySQL(replace(text, cuts))
}

// urlEnd is where a URL in running text ends at the latest.
func urlEnd(text string) int {
	if i := strings.IndexAny(text, " \t\r\n\"`\\"); i >= 0 {
		return i
	}
	return len(text)
}

// userinfoEnd is where the "@" is that ends the user and password of a URL
// that begins after its "://", 0 if it has none. An "@" in the path, as of an
// image's digest, is none, unless the authority is no host and port: people
// forget to escape the "/" of a password.
func userinfoEnd(text string) int {
	url := text[:urlEnd(text)]
	authority := url
	if i := strings.IndexAny(url, "/?#"); i >= 0 {
		authority = url[:i]
	}
	if i := strings.LastIndexByte(authority, '@'); i > 0 {
		return i
	}
	_, port, hasPort := strings.Cut(authority, ":")
	if !hasPort || isDigits(port) || strings.HasSuffix(authority, "]") || strings.Contains(port, "]:") {
		return 0
	}
	return max(0, strings.LastIndexByte(url, '@'))
}

func isDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

// hookPrefixes are the addresses that post to a chat room for whoever knows
// the rest of the path.
var hookPrefixes = []string{
	"hooks.slack.com/services/", "hooks.slack.com/workflows/", "discord.com/api/webhooks/",
	"discordapp.com/api/webhooks/", "api.telegram.org/bot", "chat.googleapis.com/v1/spaces/",
}

func hookPath(text string) cut {
	for _, prefix := range hookPrefixes {
		if rest, ok := strings.CutPrefix(text, prefix); ok && !strings.HasPrefix(rest, Redacted) {
			return cut{len(prefix), len(prefix) + urlEnd(rest)}
		}
	}
	return cut{}
}

// maskMySQL takes the user and password out of "user:password@tcp(host)/db".
func maskMySQL(text string) string {
	for _, mark := range []string{"@tcp(", "@unix("} {
		end := strings.Index(text, mark)
		if end < 0 {
			continue
		}
		start := strings.LastIndexAny(text[:end], " \t\r\n\"'`=") + 1
		if start < end && text[start:end] != Redacted {
			text = text[:start] + Redacted + text[end:]
		}
	}
	return text
}
