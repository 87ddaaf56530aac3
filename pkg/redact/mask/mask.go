// Package mask replaces secrets in text: passwords, tokens, keys and URLs with credentials,
// in any text of a user or a program.
package mask

import (
	"strings"
)

// maxMaskRounds is how often the rules are applied until nothing changes. The result of one
// rule may contain what another finds; ordinary text needs two rounds. Text that still
// changes after all of them is an attack.
const maxMaskRounds = 8

// Mask removes passwords, tokens and keys from a text of a user or a program: a condition's
// message, an error, a URL. It does not change ordinary messages, and masking twice is the
// same as masking once.
//
// It recognizes secrets by their context (user:password@host, "password=",
// "Authorization:", ?token=) and by their format (JSON web tokens, private keys, the tokens
// of well-known services). It can't recognize a secret in prose.
func Mask(text string) string {
	for range maxMaskRounds {
		masked := maskOnce(text, 0)
		if masked == text {
			return text
		}
		text = masked
	}
	return Redacted
}

// maskOnce applies every rule whose signs are in the text: it runs on every string of a
// cluster. Encoded text is decoded, and the rules apply to it as well, depth times at most.
func maskOnce(text string, depth int) string {
	if len(text) < minMaskable || text == Redacted {
		return text
	}
	if strings.HasPrefix(text, pemBase64) && isPublicPEM(text) {
		return text // no rule applies to it
	}
	has := signsIn(text)
	for _, r := range rules {
		if has&r.needs == r.needs && (r.either == 0 || has&r.either != 0) {
			text = r.mask(text, depth)
		}
	}
	return text
}

// rule is a way to find secrets, and the signs that a text must have for it: all of needs,
// and one of either.
type rule struct {
	needs, either sign
	mask          func(text string, depth int) string
}

var rules []rule

func init() { // a variable would refer to itself, because decoded text is masked
	flat := func(mask func(string) string) func(string, int) string {
		return func(text string, _ int) string { return mask(text) }
	}
	rules = []rule{
		{0, dash | capital, flat(maskKeys)},
		{capital, 0, maskBase64},
		{percent, 0, maskPercent},
		{colon | slash, 0, flat(maskURLs)},
		{at, 0, flat(maskMySQL)},
		{at | colon, 0, flat(maskBareUser)},
		{flag, colon | percent, flat(maskUser)},
		{0, 0, flat(maskShapes)},
		{space, 0, flat(maskSchemes)},
		{0, colon | equals, flat(maskPairs)},
		{space, 0, flat(maskSpaced)},
		{angle, 0, flat(maskMarkup)},
		{bracket | newline, 0, flat(maskSections)},
		{flag, 0, flat(maskFlags)},
		{0, space | flag, flat(maskCommands)},
		{0, backslash | ampersand, maskEscaped},
	}
}

// sign is a set of signs that a text has.
type sign uint16

const (
	at sign = 1 << iota
	colon
	slash
	equals
	percent
	dash
	flag // a dash that begins a word
	angle
	bracket
	newline
	space
	backslash
	ampersand
	capital
)

var signsOf = func() (table [256]sign) {
	for text, s := range map[string]sign{
		"@": at, ":": colon, "/": slash, "=": equals, "%": percent, "-": dash, "<": angle, "]": bracket, "\n": newline | space,
		" \t\r": space, "\\": backslash, "&": ampersand, "ABCDEFGHIJKLMNOPQRSTUVWXYZ": capital,
	} {
		for i := range len(text) {
			table[text[i]] |= s
		}
	}
	return table
}()

// bounds are the bytes that end words of a command line.
var bounds = func() (table [256]bool) {
	for c := range len(table) {
		table[c] = isWordBound(byte(c))
	}
	return table
}()

func signsIn(text string) sign {
	var has sign
	before := byte(' ')
	for i := range len(text) {
		c := text[i]
		has |= signsOf[c]
		if c == '-' && (bounds[before] || before == '=') {
			has |= flag
		}
		before = c
	}
	return has
}

// minMaskable is the length of "pw=xy", the shortest that has a secret in it.
const minMaskable = 5

// cut is a part of a text that is removed.
type cut struct{ from, to int }

// replace replaces the cuts by Redacted. They are in order and don't overlap.
func replace(text string, cuts []cut) string {
	if len(cuts) == 0 {
		return text
	}
	out := make([]byte, 0, len(text)+len(cuts)*len(Redacted))
	done := 0
	for _, c := range cuts {
		out = append(out, text[done:c.from]...)
		out = append(out, Redacted...)
		done = c.to
	}
	return string(append(out, text[done:]...))
}

// MaxDepth is how deep maps and lists may be nested. Schemas in CustomResourceDefinitions,
// the deepest known, reach about 50.
const MaxDepth = 100

// Redacted replaces a value that was removed.
const Redacted = "<redacted>"
