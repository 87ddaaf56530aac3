package mask

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
)

// ordinary are words that follow "token:" or "password:" in messages, and are not secrets.
var ordinary = wordSet(`a an and are as at auth authentication authorization be been blank
		but by can can't cannot configured constraints contain contains context could couldn't created
		credentials credential delete deleted denied dial did didn't does doesn't empty error expected expired
		failed file flag for forbidden from get given got has hasn't have head http https if
		in incorrect insufficient_scope invalid is isn't it its key length lookup mandatory may minimum mismatch
		missing must need needs never nil <nil> no none not null of on only open or password patch permission
		please post pruned put read realm refused rejected required resource rpc
		secret secrets server should shouldn't the timeout to token tokens too true false unable unauthorized
		unchanged undefined unexpected unknown unset unsupported unspecified user using value was wasn't were when which will with won't wrong
		x509 yaml yes`)

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(list) {
		set[word] = true
	}
	return set
}

// isProse reports whether the text after "key: " continues as a sentence and not with a
// value. After a key that is almost always that of a secret, only an ordinary word begins a
// sentence; after "token", any word does that a blank and another word follow.
func isProse(rest string, strong bool) bool {
	end := 0
	for end < len(rest) && rest[end] > ' ' {
		end++
	}
	word := strings.TrimRight(rest[:end], ",;:.)]}")
	if word == "" {
		return false
	}
	if ordinary[strings.ToLower(word)] {
		return true
	}
	if strong || len(word) > maxWord || end+1 >= len(rest) || !beginsWord(rest[end+1]) {
		return false
	}
	return isLetters(word) || len(word) <= 3 && IsDigits(word)
}

// maxWord is the length of the longest word of prose, "serviceaccounts".
const maxWord = 18

func beginsWord(c byte) bool { return IsAlnum(c) || isQuote(c) || c == '(' || c == '[' }

// isLetters reports whether a text has only letters, of which only the first may be a capital.
func isLetters(word string) bool {
	for i := range len(word) {
		c := word[i]
		if c >= 'a' && c <= 'z' || c == '\'' && i > 0 || i == 0 && c >= 'A' && c <= 'Z' {
			continue
		}
		return false
	}
	return true
}

// isHarmless reports whether what follows "secret:" or "token:" is the name of a
// secret, the version of an image, a number or a sign rather than a secret.
func isHarmless(text string, k key, sep int, value, after string) bool {
	switch {
	case isNothing(value) || isCount(k, value, true) || IsDigits(value) && strings.HasSuffix(k.name, "tokens"):
		return true
	case text[sep] == ':' && sep+1 < len(text) && text[sep+1] > ' ' && isTag(value):
		return true
	case text[sep] == ':' && followsUnexpected(text[:k.from]) && !isRandom(value):
		return true
	}
	return isReference(text, k, sep, value, after)
}

// isNothing reports whether the value means that there is none, or is only a sign, as "<" of
// "unexpected token: <".
func isNothing(value string) bool {
	switch value {
	case "<nil>", "<none>", "<null>", "<unset>", "<empty>", "null", "nil", "None":
		return true
	}
	return isSigns(value)
}

// isCount reports whether the value is a small number, after a key that may have one:
// "pass: 3".
func isCount(k key, value string, may bool) bool {
	return len(value) <= 3 && IsDigits(value) && (may || strings.EqualFold(k.name, "pass") || strings.EqualFold(k.name, "auth"))
}

// isLikelyKey reports whether the value of "API key: x" is one, and not a word of a sentence
// or a file's name.
func isLikelyKey(name, rest, value string) bool {
	if isRandom(value) {
		return true
	}
	return !strings.HasPrefix(strings.ToLower(name), "secret") && !strings.ContainsAny(value, "./") && !isProse(rest, false) && len(value) >= 8
}

// isSigns reports whether the text has no letter and no digit, as "<" of
// "unexpected token: <".
func isSigns(text string) bool {
	for i := range len(text) {
		if IsAlnum(text[i]) || text[i] >= 0x80 {
			return false
		}
	}
	return true
}

// isTag reports whether the text is an image's version: v1.2.3-alpine, latest.
func isTag(text string) bool {
	if text == "latest" || text == "main" || text == "stable" || text == "edge" {
		return true
	}
	number, _, _ := strings.Cut(strings.TrimPrefix(text, "v"), "-")
	return strings.Contains(number, ".") && len(number) <= 16 && IsDigits(strings.ReplaceAll(number, ".", ""))
}

// followsUnexpected reports whether a parser's message about a token precedes.
func followsUnexpected(before string) bool {
	before = strings.TrimRight(before, " ")
	before = strings.ToLower(before[max(0, len(before)-maxGap):])
	for _, word := range []string{"unexpected", "illegal", "unrecognized", "unrecognised", "bad"} {
		if strings.HasSuffix(before, word) {
			return true
		}
	}
	return false
}

// isRandom reports whether the text is like a token: long, of letters and digits.
func isRandom(text string) bool {
	return len(text) >= 8 && countDigits(text) > 0 && !IsDigits(text) || len(text) > maxWord
}

// isReference reports whether the value names an object: after a key that names a kind of
// objects, it looks like an object's name, and either has a namespace, is part of a sentence,
// or is named after its content.
func isReference(text string, k key, sep int, value, after string) bool {
	if !namesObject(k.name) {
		return false
	}
	name := strings.TrimRight(value, ".,;")
	namespace, name, qualified := strings.Cut(name, "/")
	if !qualified {
		namespace, name = "", namespace
	}
	switch {
	case qualified && !isName(namespace) || !isName(name) && !isScreaming(name):
		return false
	case qualified:
		return true
	case text[sep] != ':' || !strings.ContainsAny(name, "-_"):
		return false
	}
	return isSpokenOf(text[:k.from], after) || hasEnd(name)
}

// namesObject reports whether the key is the word for an object that holds a secret.
func namesObject(name string) bool {
	return objectWords.MatchEnd(name)
}

var objectWords = sensitive.NewWords("secret", "secrets", "credential", "credentials", "token")

// isName reports whether the text is an object's name that a user chose: lower case letters,
// and numbers by themselves or at the end of a word.
func isName(text string) bool {
	if text == "" || len(text) > 253 {
		return false
	}
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '-' || r == '.' }) {
		letters := 0
		for letters < len(part) && part[letters] >= 'a' && part[letters] <= 'z' {
			letters++
		}
		if numbers := part[letters:]; !IsDigits(numbers) || len(numbers) > 2 && letters > 0 || letters > maxWord {
			return false
		}
	}
	return IsAlnum(text[0])
}

// isScreaming reports whether a text is in capitals with underscores: JOBBER_ACCESS_TOKEN.
func isScreaming(text string) bool {
	for i := range len(text) {
		if c := text[i]; c != '_' && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return strings.Contains(text, "_")
}

// isSpokenOf reports whether the key is part of a sentence: after another word, or with one
// after its value.
func isSpokenOf(before, after string) bool {
	if len(before) > 1 && before[len(before)-1] == ' ' && IsAlnum(before[len(before)-2]) {
		return true
	}
	word := firstWord(strings.TrimLeft(after, " ,\"'"))
	return ordinary[strings.ToLower(word)]
}

// nameEnds are the last words of names of Secrets.
var nameEnds = wordSet("secret secrets tls cert certs certificate ca auth creds credentials credential users key keys token password db")

func hasEnd(name string) bool {
	return nameEnds[name[strings.LastIndexByte(name, '-')+1:]]
}

// maskSpaced removes passwords that only a blank separates from their name: SQL's
// PASSWORD 'x', (password "x"), "login a password x" of a .netrc, requirepass x.
func maskSpaced(text string) string {
	for _, stem := range []string{"ass", "ASS"} {
		if strings.Contains(text, stem) {
			text = replace(text, spacedValues(text, stem))
		}
	}
	if strings.Contains(text, "masterauth ") {
		text = replace(text, spacedValues(text, "masterauth"))
	}
	text = maskSpokenTokens(text)
	for _, words := range []string{"DENTIFIED BY ", "dentified by "} {
		if i := strings.Index(text, words); i >= 0 {
			text = replace(text, quotedAfter(text, words))
		}
	}
	return text
}

func spacedValues(text, stem string) []cut {
	var cuts []cut
	for at := 0; ; {
		i := strings.Index(text[at:], stem)
		if i < 0 {
			return cuts
		}
		from, end := at+i, at+i+len(stem)
		for from > at && from > 0 && isKeyByte(text[from-1]) {
			from--
		}
		for end < len(text) && isKeyByte(text[end]) {
			end++
		}
		at = end
		key := text[from:end]
		value := end
		for value < len(text) && (text[value] == ' ' || text[value] == '\t') {
			value++
		}
		if call := strings.TrimPrefix(text[end:], "("); len(call) < len(text)-end && openQuote(call) != "" {
			value = end + 1 // PASSWORD('x')
		}
		if value == end || value == len(text) || !isSpacedKey(key) {
			continue
		}
		if found := spacedValue(text, key, from, value); found.to > found.from && text[found.from:found.to] != Redacted {
			cuts = append(cuts, found)
			at = found.to
		}
	}
}

// isSpacedKey reports whether the word is a name that a password may follow.
func isSpacedKey(key string) bool {
	return spacedKeys.MatchEnd(key)
}

var spacedKeys = sensitive.NewWords("password", "passwd", "passphrase", "requirepass", "defaultpass", "masterauth", "authpass")

func spacedValue(text, key string, keyAt, value int) cut {
	rest := text[value:]
	inList := keyAt > 0 && (text[keyAt-1] == '(' || text[keyAt-1] == ':' && keyAt > 1 && text[keyAt-2] == '(')
	if inList && strings.HasPrefix(rest, ". ") {
		value += len(". ")
		rest = text[value:]
	}
	if next, ok := strings.CutPrefix(rest, "-> "); ok {
		value += len(rest) - len(next)
		if !isProse(next, true) {
			return cut{value, value + wordEnd(next)}
		}
	}
	quote := openQuote(rest)
	switch {
	case quote != "" && (keyAt == 0 || !isQuote(text[keyAt-1])):
		found := quotedValue(text, value, quote)
		if found.to == len(text) || strings.ContainsAny(text[found.from:found.to], "\n") {
			return cut{}
		}
		return found
	case inList:
		end := strings.IndexAny(rest, " )\n")
		if end > 0 && rest[end] == ')' {
			return cut{value, value + end}
		}
	case bareKeys[key], followsLogin(text[:keyAt]), text[value-1] == '\t':
		if !isProse(rest, true) {
			return cut{value, value + wordEnd(rest)}
		}
	}
	return cut{}
}

// followsLogin reports whether the text ends with "login NAME ".
func followsLogin(before string) bool {
	before = strings.TrimRight(before[max(0, len(before)-sensitive.MaxKeyLength):], " \t\n")
	name := strings.LastIndexAny(before, " \t\n")
	return name > 0 && strings.HasSuffix(strings.TrimRight(before[:name], " \t\n"), "login")
}

func quotedAfter(text, words string) []cut {
	var cuts []cut
	for at := 0; ; {
		i := strings.Index(text[at:], words)
		if i < 0 {
			return cuts
		}
		at += i + len(words)
		if next, ok := strings.CutPrefix(text[at:], "PASSWORD "); ok {
			at = len(text) - len(next)
		}
		if quote := openQuote(text[at:]); quote != "" {
			found := quotedValue(text, at, quote)
			if text[found.from:found.to] != Redacted && found.to > found.from {
				cuts = append(cuts, found)
			}
			at = found.to
		}
	}
}

// bareKeys are words of configuration files that the password follows.
var bareKeys = wordSet("requirepass masterauth insecure-password auth_pass auth-pass")

// maskSpokenTokens removes tokens in sentences: they are long, have capitals, small letters
// and digits, and are not the name of an object.
func maskSpokenTokens(text string) string {
	var cuts []cut
	for _, word := range []string{"oken ", "ecret ", "assword ", " key "} {
		cuts = cuts[:0]
		for at := 0; ; {
			i := strings.Index(text[at:], word)
			if i < 0 {
				break
			}
			from := at + i + len(word)
			at = from
			from += len(openQuote(text[from:]))
			run := text[from : from+alnumRun(text[from:])]
			if len(run) >= minSpoken && isMixed(run) && countDigits(run) >= 2 {
				cuts = append(cuts, cut{from, from + len(run)})
				at = from + len(run)
			}
		}
		text = replace(text, cuts)
	}
	return text
}

// minSpoken is the length of the shortest token that is recognized in a sentence.
const minSpoken = 12
