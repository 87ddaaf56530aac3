package mask

import (
	"encoding/base64"
	"strings"
)

// maskURLs removes the user and password from URLs with a scheme.
func maskURLs(text string) string {
	var cuts []cut
	word := cut{} // the longest possible URL, which is searched for once
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

// urlEnd is the last possible end of a URL in running text.
func urlEnd(text string) int {
	if i := strings.IndexAny(text, " \t\r\n\"`\\"); i >= 0 {
		return i
	}
	return len(text)
}

// userinfo is the user and password of a URL whose "://" ends at start. An "@" in its path,
// as in an image's digest, does not count, unless the text before the path is not a host and
// port: users forget to escape the "/" of a password. lastAt is the last "@" of the text.
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

// maskMySQL removes the user and password from "user:password@tcp(host)/db".
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

// maskBareUser removes the user and password from "user:password@host", which is not a URL
// because it has no scheme.
func maskBareUser(text string) string {
	var cuts []cut
	floor := 0
	for at := 0; ; {
		i := strings.IndexByte(text[at:], '@')
		if i < 0 {
			return replace(text, cuts)
		}
		end := at + i
		at = end + 1
		from := bareUserStart(text, max(floor, end-maxUserinfo), end)
		floor = end
		user, password, pair := strings.Cut(text[from:end], ":")
		if strings.HasPrefix(text[at:], "//") && strings.IndexByte(text[from:end], '/') > 0 {
			cuts = append(cuts, cut{from, end}) // Oracle's user/password@//host
			continue
		}
		switch {
		case !pair || password == "" || at == len(text) || !IsAlnum(text[at]) && text[at] != '[':
		case strings.IndexByte(user, '/') >= 0 || isDigest(text[at:]) || IsDigits(user) && IsDigits(strings.ReplaceAll(password, ":", "")):
		case plainUsers[strings.ToLower(user)] && strings.IndexByte(password, ':') < 0:
		default:
			cuts = append(cuts, cut{from, end})
		}
	}
}

// maxUserinfo is how long a user and password may be.
const maxUserinfo = 256

// bareUserStart is the beginning of the word that ends at the "@", without text that is not
// part of a user: slashes, and Oracle's "jdbc:oracle:thin:".
func bareUserStart(text string, floor, end int) int {
	from := floor + strings.LastIndexAny(text[floor:end], " \t\r\n\"'`<>()[]{}=,;@") + 1
	if i := strings.Index(text[from:end], "://"); i >= 0 {
		return end // a URL
	}
	const oracle = "jdbc:oracle:thin:"
	if strings.HasPrefix(text[from:end], oracle) && strings.IndexByte(text[from:end], '/') >= 0 {
		return from + len("jdbc:")
	}
	for from < end && text[from] == '/' {
		from++
	}
	return from
}

// plainUsers are words before a mail address that are not users.
var plainUsers = wordSet(`mailto user users group groups serviceaccount domain email mail e-mail acct sip xmpp name from to cc bcc by
	owner author committer contact principal subject deleted maintainer reply-to`)

func isDigest(text string) bool {
	return strings.HasPrefix(text, "sha256:") || strings.HasPrefix(text, "sha1:") || strings.HasPrefix(text, "sha512:")
}

// userFlags are the flags for "user:password" of curl and other programs.
var userFlags = []string{"--proxy-user", "--user", "-u", "-U", "-a"}

// maskUser removes the user and password of "curl -u user:password", but not the numbers of
// a user and a group.
func maskUser(text string) string {
	for _, flag := range userFlags {
		if strings.Contains(text, flag) {
			text = replace(text, userValues(text, flag))
		}
	}
	return text
}

func userValues(text, flag string) []cut {
	var cuts []cut
	for at := 0; ; {
		i := strings.Index(text[at:], flag)
		if i < 0 {
			return cuts
		}
		flagAt := at + i
		at = flagAt + len(flag)
		if flagAt > 0 && !isWordBound(text[flagAt-1]) {
			continue
		}
		from := at
		for from < len(text) && strings.IndexByte(" =\"',\\", text[from]) >= 0 {
			from++
		}
		if from == at && !(flag == "-u" && strings.Contains(text[max(0, flagAt-maxUserinfo):flagAt], "curl")) {
			continue
		}
		to := from
		for to < len(text) && text[to] > ' ' && !isQuote(text[to]) && text[to] != '\\' {
			to++
		}
		at = to
		if isUserPair(text[from:to], flag) {
			cuts = append(cuts, cut{from, to})
		}
	}
}

// isUserPair reports whether the value of such a flag contains a password.
func isUserPair(value, flag string) bool {
	mark := ":"
	if flag == "-U" && strings.IndexByte(value, '%') > 0 {
		mark = "%" // smbclient
	}
	user, password, pair := strings.Cut(value, mark)
	return pair && password != "" && !strings.HasPrefix(password, "//") && (user == "" || user[0] != '-') && (!IsDigits(user) || !IsDigits(password))
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

// isCredential distinguishes the value of a scheme from a word of prose: "Basic constraints",
// "Bearer token".
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
