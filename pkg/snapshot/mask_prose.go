package snapshot

import "strings"

// ordinary are words that follow "token:" or "password:" in messages, and are
// no secrets.
var ordinary = wordSet(`a an and are as at auth authentication authorization be been
		but by can cannot constraints context could couldn't credentials credential denied dial does
		doesn't empty error expired failed file flag for from get given has have http https if in
		incorrect insufficient_scope invalid is it key lookup mismatch missing must no none not null
		nil of on open or password permission post read realm refused rejected required resource rpc
		secret secrets server should the timeout to token tokens true false unable unauthorized
		unexpected unknown unset unsupported user using value was were when which will with wrong
		x509 yaml`)

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
	return isLetters(word) || len(word) <= 3 && isDigits(word)
}

// maxWord is the length of the longest word of prose, "serviceaccounts".
const maxWord = 18

func beginsWord(c byte) bool { return isAlnum(c) || isQuote(c) || c == '(' || c == '[' }

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
