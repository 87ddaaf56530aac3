package mask

import (
	"encoding/base64"
	"strings"
)

// maxEncodings is how many encodings of a text may be nested.
const maxEncodings = 3

// maskPercent decodes words with %XX in them. A word that contains a secret stays decoded,
// without the secret.
func maskPercent(text string, depth int) string {
	if depth >= maxEncodings || strings.IndexByte(text, '%') < 0 {
		return text
	}
	var out strings.Builder
	done := 0
	for at := 0; at < len(text); {
		i := strings.IndexByte(text[at:], '%')
		if i < 0 {
			break
		}
		i += at
		from := max(done, strings.LastIndexAny(text[at:i], wordBounds)+1+at)
		to := i + len(text[i:])
		if end := strings.IndexAny(text[i:], wordBounds); end >= 0 {
			to = i + end
		}
		at = to
		word := text[from:to]
		decoded := unpercent(word)
		if decoded == word {
			continue
		}
		if masked := maskOnce(decoded, depth+1); masked != decoded {
			out.WriteString(text[done:from])
			out.WriteString(masked)
			done = to
		}
	}
	if done == 0 {
		return text
	}
	out.WriteString(text[done:])
	return out.String()
}

// wordBounds end a word that is percent-encoded.
const wordBounds = " \t\r\n\"'`<>\\"

func unpercent(word string) string {
	out := make([]byte, 0, len(word))
	for i := 0; i < len(word); i++ {
		if word[i] == '%' && i+2 < len(word) && isHex(word[i+1]) && isHex(word[i+2]) {
			out = append(out, unhex(word[i+1])<<4|unhex(word[i+2]))
			i += 2
			continue
		}
		out = append(out, word[i])
	}
	return string(out)
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// escapes are how JSON and XML write the characters around secrets.
var escapes = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&", `\u0022`, `"`, `\u0027`, "'", `\u003d`, "=", `\u003a`, ":",
	`\u003C`, "<", `\u003E`, ">", `\u003D`, "=", `\u003A`, ":", `\/`, "/", "&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#34;", `"`, "&#39;", "'", "&apos;", "'", "&amp;", "&")

// maskEscaped searches the text without its escapes for secrets, and returns that text if
// there is one.
func maskEscaped(text string, depth int) string {
	if depth >= maxEncodings || !strings.Contains(text, `\u00`) && !strings.Contains(text, `\/`) && !strings.ContainsRune(text, '&') {
		return text
	}
	plain := escapes.Replace(text)
	if plain == text {
		return text
	}
	if masked := maskOnce(plain, depth+1); masked != plain {
		return masked
	}
	return text
}

// minEncoded is the length of base64 of the shortest text with a secret in it.
const minEncoded = 12

// maskBase64 replaces base64 of texts that contain a secret, of a user and a password, and
// text that is almost certainly a secret key of AWS.
func maskBase64(text string, depth int) string {
	if depth >= maxEncodings {
		return text
	}
	var cuts []cut
	for at := 0; at < len(text); {
		end := at + encodedRun(text[at:])
		if end-at < minEncoded || !isMixed(text[at:end]) {
			at = end + 1
			continue
		}
		from, to := at, end
		for to < len(text) && to < end+2 && text[to] == '=' {
			to++
		}
		run := text[from:end]
		next, joined := joinLines(text, from, to)
		switch {
		case joined != "" && encodesSecret(joined, depth):
			cuts = append(cuts, cut{from, next})
			to = next
		case encodesSecret(run, depth) || isSecretKey(run):
			cuts = append(cuts, cut{from, to})
		default:
			if i := strings.LastIndexByte(run, '/'); i >= 0 && encodesSecret(run[i+1:], depth) {
				cuts = append(cuts, cut{from + i + 1, to})
			}
		}
		at = max(to, next)
		if at == end {
			at++
		}
	}
	return replace(text, cuts)
}

// lineLength is the least length of a line of base64 that continues on the next line.
const lineLength = 60

// joinLines is base64 that continues over several lines, and its end. It is empty for a
// single line, which ends with the run.
func joinLines(text string, from, to int) (int, string) {
	if to-from < lineLength {
		return to, ""
	}
	var all strings.Builder
	all.WriteString(strings.TrimRight(text[from:to], "="))
	lines := 1
	for {
		next := to
		switch {
		case strings.HasPrefix(text[next:], `\n`):
			next += len(`\n`)
		case strings.HasPrefix(text[next:], "\r\n"):
			next += len("\r\n")
		case strings.HasPrefix(text[next:], "\n"):
			next++
		default:
			next = -1
		}
		if next < 0 {
			break
		}
		for next < len(text) && text[next] == ' ' {
			next++
		}
		run := encodedRun(text[next:])
		if run == 0 {
			break
		}
		all.WriteString(text[next : next+run])
		lines++
		to = next + run
		for to < len(text) && text[to] == '=' {
			to++
		}
		if run < lineLength {
			break
		}
	}
	if lines == 1 {
		return to, ""
	}
	return to, all.String()
}

func encodedRun(text string) int {
	for i := range len(text) {
		if c := text[i]; !IsAlnum(c) && c != '+' && c != '/' && c != '-' && c != '_' {
			return i
		}
	}
	return len(text)
}

// isMixed reports whether a text can be base64: base64 of a text has capitals and small letters.
func isMixed(run string) bool {
	capitals, small := false, false
	for i := range len(run) {
		switch c := run[i]; {
		case c >= 'a' && c <= 'z':
			small = true
		case c >= 'A' && c <= 'Z':
			capitals = capitals || i > 0
		}
		if capitals && small {
			return true
		}
	}
	return false
}

// encodesSecret reports whether the run is base64 of a text with a secret in it.
func encodesSecret(run string, depth int) bool {
	if len(run) < minEncoded || !printable(decodeBase64(run[:minEncoded])) {
		return false
	}
	if len(run)%4 == 1 {
		run = run[:len(run)-1]
	}
	decoded := decodeBase64(run)
	if !printable(decoded) {
		return false
	}
	text := string(decoded)
	return isUserAndPassword(text) || maskOnce(text, depth+1) != text
}

func decodeBase64(run string) []byte {
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(run, "-_") {
		encoding = base64.RawURLEncoding
	}
	decoded, err := encoding.DecodeString(run)
	if err != nil {
		return nil
	}
	return decoded
}

func printable(text []byte) bool {
	for _, c := range text {
		if c < ' ' && c != '\n' && c != '\t' && c != '\r' || c >= 0x7f {
			return false
		}
	}
	return len(text) > 0
}

// isUserAndPassword reports whether a text is "alice:password", as registries and HTTP use
// it.
func isUserAndPassword(text string) bool {
	user, password, ok := strings.Cut(strings.TrimSpace(text), ":")
	return ok && user != "" && password != "" && !strings.ContainsAny(user, " \t\n/{[\"'<(,;") && !strings.ContainsAny(password, " \t\n")
}

// isSecretKey reports whether a text is 40 characters of base64, like the secret keys of AWS.
// A commit has the same length, but no capitals.
func isSecretKey(run string) bool {
	const length, least = 40, 4
	if len(run) != length || strings.ContainsAny(run, "-_") {
		return false
	}
	capitals, small := 0, 0
	for i := range len(run) {
		switch c := run[i]; {
		case c >= 'a' && c <= 'z':
			small++
		case c >= 'A' && c <= 'Z':
			capitals++
		}
	}
	return capitals >= least && small >= least && countDigits(run) >= 2
}
