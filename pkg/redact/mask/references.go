package mask

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
)

// isHarmless tells whether what follows "secret:" or "token:" is the name of a
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

// isNothing tells whether the value says that there is none, or is but a sign, as
// "<" of "unexpected token: <".
func isNothing(value string) bool {
	switch value {
	case "<nil>", "<none>", "<null>", "<unset>", "<empty>", "null", "nil", "None":
		return true
	}
	return isSigns(value)
}

// isCount tells whether the value is a small number, after a key that may have one:
// "pass: 3".
func isCount(k key, value string, may bool) bool {
	return len(value) <= 3 && IsDigits(value) && (may || strings.EqualFold(k.name, "pass") || strings.EqualFold(k.name, "auth"))
}

// isLikelyKey tells whether the value of "API key: x" is one, and no word of a
// sentence or a file's name.
func isLikelyKey(name, rest, value string) bool {
	if isRandom(value) {
		return true
	}
	return !strings.HasPrefix(strings.ToLower(name), "secret") && !strings.ContainsAny(value, "./") && !isProse(rest, false) && len(value) >= 8
}

// isSigns tells whether the text has no letter and no digit, as "<" of
// "unexpected token: <".
func isSigns(text string) bool {
	for i := range len(text) {
		if IsAlnum(text[i]) || text[i] >= 0x80 {
			return false
		}
	}
	return true
}

// isTag tells whether the text is an image's version: v1.2.3-alpine, latest.
func isTag(text string) bool {
	if text == "latest" || text == "main" || text == "stable" || text == "edge" {
		return true
	}
	number, _, _ := strings.Cut(strings.TrimPrefix(text, "v"), "-")
	return strings.Contains(number, ".") && len(number) <= 16 && IsDigits(strings.ReplaceAll(number, ".", ""))
}

// followsUnexpected tells whether a parser speaks of its tokens.
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

// isRandom tells whether the text is like a token: long, of letters and digits.
func isRandom(text string) bool {
	return len(text) >= 8 && countDigits(text) > 0 && !IsDigits(text) || len(text) > maxWord
}

// isReference tells whether the value names an object: after a key that names a
// kind of objects, it looks like an object's name, and either has a namespace, is
// spoken of in a sentence, or is called after what it holds.
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

// namesObject tells whether the key is the word for an object that holds a secret.
func namesObject(name string) bool {
	var buffer [sensitive.MaxKeyLength]byte
	return sensitive.HasAnySuffix(sensitive.Squeeze(buffer[:0], name), objectWords)
}

var objectWords = sensitive.Words("secret", "secrets", "credential", "credentials", "token")

// isName tells whether the text is an object's name that people chose: lower case
// letters, and numbers by themselves or at the end of a word.
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

// isScreaming: JOBBER_ACCESS_TOKEN.
func isScreaming(text string) bool {
	for i := range len(text) {
		if c := text[i]; c != '_' && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return strings.Contains(text, "_")
}

// isSpokenOf tells whether the key stands in a sentence: after another word, or
// with one behind its value.
func isSpokenOf(before, after string) bool {
	if len(before) > 1 && before[len(before)-1] == ' ' && IsAlnum(before[len(before)-2]) {
		return true
	}
	word := firstWord(strings.TrimLeft(after, " ,\"'"))
	return ordinary[strings.ToLower(word)]
}

// nameEnds are what the names of Secrets end with.
var nameEnds = wordSet("secret secrets tls cert certs certificate ca auth creds credentials credential users key keys token password db")

func hasEnd(name string) bool {
	return nameEnds[name[strings.LastIndexByte(name, '-')+1:]]
}
