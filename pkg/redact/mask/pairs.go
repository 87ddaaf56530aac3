package mask

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
)

// maskPairs removes the values of "password=x", "password: x", `"password":"x"`, PASSWORD=x,
// map[password:x], "Authorization: x" and of URLs' ?token=x: of every key that sensitive.Key
// recognizes, and of a value whose name is such a key, {name: DB_PASSWORD, value: x}.
func maskPairs(text string) string {
	p := pairs{text: text}
	for at := 0; at < len(text); {
		i := strings.IndexAny(text[at:], "=:")
		if i < 0 {
			break
		}
		at = p.pair(at + i)
	}
	return replace(text, p.cuts)
}

// pairs is the walk over a text's keys and values.
type pairs struct {
	text string
	cuts []cut
	// named is the end of the name of a secret, valued the position of a value whose name may
	// follow.
	named  int
	valued cut
	// secretObject and webKey are whether the text has a Secret, or a JSON web key; 0 if that
	// has not been determined yet.
	secretObject, webKey answer
}

type answer int

const (
	yes answer = iota + 1
	no
)

// key is the text before a separator.
type key struct {
	name string
	// from is where it begins. before is the byte before it, 0 at the beginning.
	from   int
	before byte
	// quoted: it is in quotes. cutOff: only its end is before a quote. spaced: it has two
	// words, "API key".
	quoted, cutOff, spaced bool
}

// pair examines the separator, and returns where to continue.
func (p *pairs) pair(sep int) int {
	k := p.keyBefore(sep)
	if k.name == "" {
		return sep + 1
	}
	if end := pgpass(p.text, k, sep); end.to > 0 {
		p.add(end)
		return end.to
	}
	named := p.isNamed(k, sep)
	if !named && !p.isSecret(k, sep) {
		return sep + 1
	}
	value := pairValue(p.text, k, sep, named)
	if value.to <= value.from {
		return sep + 1
	}
	p.add(value)
	return p.successor(value.to)
}

// successor removes the new value of a difference: password = "x" -> "y".
func (p *pairs) successor(at int) int {
	rest := p.text[at:]
	rest = strings.TrimLeft(rest, "\"'")
	for _, arrow := range []string{" -> ", " => "} {
		next, ok := strings.CutPrefix(rest, arrow)
		if !ok {
			continue
		}
		start := len(p.text) - len(next)
		value := cut{start, start + wordEnd(next)}
		if quote := openQuote(next); quote != "" {
			value = quotedValue(p.text, start, quote)
		}
		if !isNothing(p.text[value.from:value.to]) {
			p.add(value)
			return max(at, value.to)
		}
	}
	return at
}

func (p *pairs) add(c cut) {
	if c.to > c.from && p.text[c.from:c.to] != Redacted && c.from >= p.floor() {
		p.cuts = append(p.cuts, c)
	}
}

func (p *pairs) floor() int {
	if len(p.cuts) == 0 {
		return 0
	}
	return p.cuts[len(p.cuts)-1].to
}

// keyBefore is the name that ends before the separator. It does not include text that is
// already cut.
func (p *pairs) keyBefore(sep int) key {
	text, floor, end := p.text, p.floor(), sep
	for end > floor && (text[end-1] == ' ' || text[end-1] == '\t') {
		end--
	}
	if end > floor && text[end-1] == ']' {
		end-- // data[password]: x
	}
	quote := false
	if end > floor && (text[end-1] == '"' || text[end-1] == '\'') {
		quote = true
		end--
		for end > floor && text[end-1] == '\\' {
			end--
		}
	}
	start := end
	for start > floor && end-start < sensitive.MaxKeyLength && isKeyByte(text[start-1]) {
		start--
	}
	k := key{name: text[start:end], from: start}
	if start > 0 {
		k.before = text[start-1]
	}
	k.quoted = quote && isQuote(k.before)
	if !quote && k.before == ' ' && secondWords[strings.ToLower(k.name)] {
		k.addWord(text, floor)
	}
	k.cutOff = quote && !k.quoted
	return k
}

// secondWords end a name of two words: "API key", "pass phrase".
var secondWords = wordSet("key keys phrase code")

// addWord adds the word before the key if the two name a secret.
func (k *key) addWord(text string, floor int) {
	end := k.from - 1
	start := end
	for start > floor && end-start < sensitive.MaxKeyLength/2 && IsAlnum(text[start-1]) {
		start--
	}
	if both := text[start : k.from+len(k.name)]; start < end && sensitive.Key(both) {
		*k = key{name: both, from: start, spaced: true}
		if start > 0 {
			k.before = text[start-1]
		}
	}
}

func isKeyByte(c byte) bool { return IsAlnum(c) || c == '_' || c == '-' || c == '.' }

// maxGap is how far a value may be from the name before it: quotes, a comma, a
// line break and blanks.
const maxGap = 24

// isNamed reports whether the key is the "value" of a pair with the name of a
// secret. The value may come first, and is then cut here.
func (p *pairs) isNamed(k key, sep int) bool {
	named, valued := p.named, p.valued
	p.named, p.valued = 0, cut{}
	switch {
	case strings.EqualFold(k.name, "name") || strings.EqualFold(k.name, "key") || strings.EqualFold(k.name, "path"):
		from := sep + 1
		for from < len(p.text) && strings.IndexByte(" \t\"'\\", p.text[from]) >= 0 {
			from++
		}
		to := from
		for to < len(p.text) && to-from < sensitive.MaxKeyLength && (isKeyByte(p.text[to]) || p.text[to] == '/') {
			to++
		}
		if !sensitive.Key(p.text[from:to]) {
			return false
		}
		p.named = to
		p.content(to)
		if valued.to > 0 && k.from-valued.to <= maxGap {
			p.add(valued)
		}
	case strings.EqualFold(k.name, "value"):
		if named > 0 && k.from-named <= maxGap {
			return true
		}
		if k.quoted {
			p.valued = pairValue(p.text, k, sep, true)
		}
	}
	return false
}

// content removes the content of an XML element that is named in an attribute:
// <entry key="password">x</entry>.
func (p *pairs) content(at int) {
	rest := strings.TrimLeft(p.text[at:], "\"'\\")
	if strings.HasPrefix(rest, ">") {
		from := len(p.text) - len(rest) + 1
		if end := strings.IndexByte(p.text[from:], '<'); end > 0 {
			p.add(cut{from, from + end})
		}
	}
}

// isSecret reports whether the key is sensitive and the separator precedes a value.
func (p *pairs) isSecret(k key, sep int) bool {
	text := p.text
	if p.isFieldOfSecret(k, sep) || p.isPartOfWebKey(k) {
		return true
	}
	if before := text[max(0, k.from-maxGap):k.from]; strings.HasSuffix(before, "assword for ") || strings.HasSuffix(before, "assword for user ") {
		return true
	}
	if text[sep] == '=' {
		inQuery := k.before == '?' || k.before == '&' || k.before == ';'
		return sensitive.Key(k.name) || inQuery && signsQuery(k.name) || k.name == "sig" || strings.HasSuffix(k.name, "_session")
	}
	if !sensitive.Key(k.name) {
		return false
	}
	next := byte(' ')
	if sep+1 < len(text) {
		next = text[sep+1]
	}
	switch {
	case k.quoted || k.cutOff || strings.IndexByte(" \t\r\n\"'\\={[", next) >= 0:
		return true
	case strings.IndexByte("/@:.", k.before) >= 0 && k.before != 0:
		return false // an image and its tag
	}
	// key:value without a space may be an image and its tag as well, whose
	// name has no capitals.
	return isWholeKey(k.name) || sensitive.StrongKey(k.name) || hasCapital(k.name) || strings.Contains(k.name, "_")
}

// isFieldOfSecret reports whether the key is one of those whose content the API
// server or a diff shows: data of a Secret, the value of an environment variable.
func (p *pairs) isFieldOfSecret(k key, sep int) bool {
	before := p.text[max(0, k.from-maxGap):k.from]
	switch {
	case k.before == '[' && (strings.HasSuffix(before, "data[") || strings.HasSuffix(before, "Data[")),
		k.name == ".value" && strings.Contains(before, "env["):
		return strings.HasPrefix(p.text[sep+1:], " Invalid value: ")
	case k.name == "data" || k.name == "binaryData":
		if p.secretObject == 0 {
			p.secretObject = no
			if hasKind(p.text, "Secret") {
				p.secretObject = yes
			}
		}
		return p.secretObject == yes
	}
	return false
}

// hasKind reports whether the text contains an object of the kind, in JSON, YAML or as Go
// prints it.
func hasKind(text, kind string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], kind)
		if i < 0 {
			return false
		}
		from := at + i
		at = from + len(kind)
		if at < len(text) && IsAlnum(text[at]) {
			continue
		}
		if strings.HasSuffix(strings.TrimRight(text[max(0, from-maxGap):from], " \\\"':="), "kind") {
			return true
		}
	}
}

// isPartOfWebKey reports whether the key is a private part of a JSON web key
// (RFC 7518).
func (p *pairs) isPartOfWebKey(k key) bool {
	if len(k.name) > 2 || !webKeyParts[k.name] {
		return false
	}
	if p.webKey == 0 {
		p.webKey = no
		if strings.Contains(p.text, "kty") {
			p.webKey = yes
		}
	}
	return p.webKey == yes
}

var webKeyParts = map[string]bool{"k": true, "d": true, "p": true, "q": true, "dp": true, "dq": true, "qi": true}

// pgpass is the password of a line of PostgreSQL's .pgpass:
// host:port:database:user:password. The key is the host.
func pgpass(text string, k key, sep int) cut {
	at := sep + 1
	if text[sep] != ':' || at == len(text) || text[at] < '0' || text[at] > '9' && text[at] != '*' {
		return cut{}
	}
	for field := range 3 {
		end := at
		for end < len(text) && end-at < sensitive.MaxKeyLength && (isKeyByte(text[end]) || text[end] == '*') {
			end++
		}
		if end == at || end == len(text) || text[end] != ':' || field == 0 && !IsDigits(text[at:end]) {
			return cut{}
		}
		at = end + 1
	}
	end := at
	for end < len(text) && text[end] > ' ' && !isQuote(text[end]) {
		if text[end] == '/' {
			return cut{}
		}
		end++
	}
	if k.from > 0 && text[k.from-1] > ' ' && !isQuote(text[k.from-1]) || text[at:end] == Redacted || IsDigits(text[at:end]) {
		return cut{}
	}
	return cut{at, end}
}

// isWholeKey reports whether the key is a single word, "token" or "secret".
func isWholeKey(key string) bool { return !strings.ContainsAny(key, "-._") }

// queryKeys are the names in a URL's query whose values authorize access, as object stores
// and webhooks use them.
var queryKeys = sensitive.NewWords("sig", "signature", "xamzsignature", "xamzcredential", "xamzsecuritytoken",
	"xgoogsignature", "xgoogcredential", "awsaccesskeyid", "googleaccessid", "code", "key", "auth")

func signsQuery(key string) bool {
	return queryKeys.Match(key)
}
