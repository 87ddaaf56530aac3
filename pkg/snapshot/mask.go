package snapshot

import "strings"

// maxMaskRounds is how often the rules are applied until nothing changes. What
// one rule takes out may lay bare what another finds; ordinary text needs two
// rounds. Text that still changes after all of them is made to deceive.
const maxMaskRounds = 8

// Mask takes passwords, tokens and keys out of a text that a person or a
// program wrote: a condition's message, an error, a URL. It leaves ordinary
// messages as they are, and masking twice is the same as masking once.
//
// It knows secrets by where they stand (user:password@host, "password=",
// "Authorization:", ?token=) and by their shape (JSON web tokens, private
// keys, the tokens of well-known services). A secret in plain prose it can't
// know.
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

// maskOnce applies every rule. Each begins with a search for a few bytes that
// nearly all text lacks, for it runs on every string of a cluster. What is encoded
// is decoded and goes through the rules as well, depth times at most.
func maskOnce(text string, depth int) string {
	if len(text) < minMaskable || text == Redacted {
		return text
	}
	if strings.HasPrefix(text, pemBase64) && isPublicPEM(text) {
		return text // not to be mistaken for anything below
	}
	text = maskKeys(text)
	text = maskBase64(text, depth)
	text = maskPercent(text, depth)
	text = maskURLs(text)
	text = maskShapes(text)
	text = maskSchemes(text)
	text = maskPairs(text)
	text = maskSpaced(text)
	text = maskMarkup(text)
	text = maskSections(text)
	text = maskFlags(text)
	text = maskCommands(text)
	return maskEscaped(text, depth)
}

// minMaskable is the length of "pw=xy", the shortest that has a secret in it.
const minMaskable = 5

// cut is a part of a text that goes.
type cut struct{ from, to int }

// replace puts Redacted where the cuts are, which are in order and don't
// overlap.
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
