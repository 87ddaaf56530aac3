package mask

import (
	"strings"
)

// ordinary are words that follow "token:" or "password:" in messages, and are
// no secrets.
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

// isProse tells whether the text that follows "key: " goes on as a sentence
// rather than with a value. After a key that can hardly be anything else only
// an ordinary word is a sentence's; after "token" any word that a blank and
// another word follow.
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

// isLetters: letters, of which only the first may be a capital.
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
