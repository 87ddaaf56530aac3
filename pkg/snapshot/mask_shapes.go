package snapshot

import "strings"

// shape is how the tokens of a service look: a prefix, then at least so many
// characters of an alphabet.
type shape struct {
	prefix string
	least  int
	// mixed: at least one of them is a capital or the prefix alone would
	// match names of objects ("sk-…").
	mixed bool
}

// shapes are the tokens that are known by their looks, as their services
// document them (GitHub, GitLab, AWS, Slack, OpenAI, Google, npm, Vault,
// DigitalOcean, SendGrid, age), and JSON web tokens or other base64 of JSON.
var shapes = []shape{
	{"eyJ", 16, false},
	{"ghp_", 16, false}, {"gho_", 16, false}, {"ghu_", 16, false}, {"ghs_", 16, false}, {"ghr_", 16, false},
	{"github_pat_", 16, false},
	{"glpat-", 16, false}, {"gldt-", 16, false}, {"glrt-", 16, false},
	{"AKIA", 16, false}, {"ASIA", 16, false},
	{"xoxb-", 10, false}, {"xoxp-", 10, false}, {"xoxa-", 10, false}, {"xoxr-", 10, false},
	{"xoxs-", 10, false}, {"xapp-", 10, true},
	{"sk-", 20, true}, {"npm_", 30, false}, {"AIza", 30, false}, {"ya29.", 20, false},
	{"hvs.", 20, false}, {"hvb.", 20, false}, {"dop_v1_", 30, false}, {"SG.", 30, false},
	{"AGE-SECRET-KEY-1", 20, false},
}

// maskShapes replaces what looks like a token.
func maskShapes(text string) string {
	for _, s := range shapes {
		if strings.Contains(text, s.prefix) {
			text = replace(text, s.find(text))
		}
	}
	return text
}

func (s shape) find(text string) []cut {
	var cuts []cut
	for from := 0; ; {
		i := strings.Index(text[from:], s.prefix)
		if i < 0 {
			return cuts
		}
		start := from + i
		from = start + len(s.prefix)
		if start > 0 && isAlnum(text[start-1]) {
			continue // in the midst of a word it is chance: certificates are long
		}
		end := from + tokenRun(text[from:])
		if end-from >= s.least && (!s.mixed || hasCapital(text[from:end])) {
			cuts = append(cuts, cut{start, end})
		}
		from = end
	}
}

// tokenRun is how long the text goes on in the characters of tokens.
func tokenRun(text string) int {
	for i := range len(text) {
		if c := text[i]; !isAlnum(c) && strings.IndexByte("-_.+/=~", c) < 0 {
			return i
		}
	}
	return len(text)
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

func hasCapital(text string) bool {
	for i := range len(text) {
		if text[i] >= 'A' && text[i] <= 'Z' {
			return true
		}
	}
	return false
}
