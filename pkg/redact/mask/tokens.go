package mask

import "strings"

// shape describes the tokens of a service: a prefix, then at least a number of characters of
// an alphabet.
type shape struct {
	prefix string
	least  int
	// looks distinguishes such a token from a name with the same prefix.
	looks looks
}

// looks is a property of a token besides its prefix.
type looks int

const (
	anything looks = iota
	// capitals: names of objects have none.
	capitals
	// digits: two at least.
	digits
	// address: everything up to the end of the address is removed.
	address
	// hash: a hashed password, with the signs between its parts.
	hash
	// alnumOnly: capitals and digits, and only letters and digits.
	alnumOnly
)

// shapes are the tokens that have a known format: those of services, as the services document
// them, base64 of JSON and of compressed data, hashed passwords, and the addresses that allow
// any client that has the rest of the path to post to a chat room.
var shapes = []shape{
	{"eyJ", 16, anything}, {"H4sIA", 30, anything},
	// code hosts and registries
	{"ghp_", 16, anything}, {"gho_", 16, anything}, {"ghu_", 16, anything}, {"ghs_", 16, anything}, {"ghr_", 16, anything},
	{"github_pat_", 16, anything},
	{"glpat-", 16, anything}, {"gldt-", 16, anything}, {"glrt-", 16, anything}, {"glcbt-", 16, anything}, {"glptt-", 16, anything},
	{"glft-", 16, anything}, {"glsoat-", 16, anything}, {"glagent-", 16, anything}, {"gloas-", 16, anything}, {"glimt-", 16, anything},
	{"ATATT", 16, anything}, {"ATBB", 20, digits}, {"ATCTT", 16, anything},
	{"npm_", 20, digits}, {"pypi-", 20, capitals}, {"rubygems_", 20, anything}, {"cio", 32, alnumOnly},
	{"dckr_pat_", 16, anything}, {"dckr_oat_", 16, anything}, {"hf_", 20, digits}, {"r8_", 20, digits}, {"CCIPAT_", 16, anything},
	// clouds
	{"AKIA", 16, anything}, {"ASIA", 16, anything}, {"ABIA", 16, capitals}, {"AIza", 20, anything}, {"ya29.", 10, anything}, {"1//0", 20, digits},
	{"GOCSPX-", 16, anything}, {"dop_v1_", 20, anything}, {"doo_v1_", 20, anything}, {"dor_v1_", 20, anything},
	{"LTAI", 16, digits}, {"sha256~", 20, anything}, {"pul-", 30, digits}, {"atlasv1.", 20, anything}, {"tfp_", 20, digits}, {"NRAK-", 16, anything},
	{"sbp_", 20, digits}, {"dapi", 30, digits}, {"dp.pt.", 20, anything}, {"dp.st.", 20, anything}, {"pscale_", 20, digits}, {"nvapi-", 20, anything},
	// chat, mail, payment, models
	{"xoxb-", 10, anything}, {"xoxp-", 10, anything}, {"xoxa-", 10, anything}, {"xoxr-", 10, anything}, {"xoxs-", 10, anything},
	{"xoxe-", 10, anything}, {"xoxe.", 10, anything}, {"xoxc-", 10, anything}, {"xoxd-", 10, anything}, {"xapp-", 10, capitals},
	{"SG.", 20, anything}, {"sk_live_", 10, anything}, {"rk_live_", 10, anything}, {"sk_test_", 10, digits}, {"rk_test_", 10, digits}, {"whsec_", 16, digits},
	{"sk-", 20, capitals}, {"gsk_", 20, digits}, {"xai-", 20, capitals}, {"shpat_", 20, anything}, {"shpss_", 20, anything}, {"lin_api_", 20, anything},
	{"sq0atp-", 16, anything}, {"sq0csp-", 16, anything}, {"sntrys_", 20, anything}, {"sntryu_", 20, anything}, {"PMAK-", 20, anything}, {"figd_", 20, digits},
	{"ntn_", 20, digits}, {"secret_", 30, digits}, {"key-", 32, digits}, {"EAAC", 30, digits},
	// operations
	{"hvs.", 20, anything}, {"hvb.", 20, anything}, {"hvr.", 20, anything}, {"s.", 24, alnumOnly}, {"b.AAAA", 20, anything},
	{"glsa_", 20, anything}, {"glc_", 20, digits}, {"AGE-SECRET-KEY-1", 20, anything}, {"AGE-PLUGIN-", 20, digits}, {"ops_eyJ", 16, anything},
	// stored passwords
	{"$2a$", 8, hash}, {"$2b$", 8, hash}, {"$2y$", 8, hash}, {"$apr1$", 8, hash}, {"$1$", 12, hash}, {"$5$", 8, hash}, {"$6$", 8, hash}, {"$y$", 8, hash},
	{"$argon2", 12, hash}, {"$scrypt$", 8, hash}, {"{SHA}", 8, hash}, {"{SSHA}", 8, hash}, {"{CRYPT}", 8, hash}, {"SCRAM-SHA-256$", 8, hash},
	{"pbkdf2_sha256$", 8, hash}, {"pbkdf2:sha256:", 8, hash}, {"scrypt:", 16, hash},
	// chat rooms' addresses
	{"hooks.slack.com/services/", 1, address}, {"hooks.slack.com/", 8, address}, {"hooks.slack-gov.com/", 8, address},
	{"discord.com/api/webhooks/", 1, address}, {"discord.com/api/v", 8, address}, {"discordapp.com/api/", 8, address},
	{"api.telegram.org/bot", 8, address}, {"chat.googleapis.com/v1/spaces/", 8, address}, {"webhook.office.com/", 8, address},
	{"outlook.office.com/webhook/", 8, address}, {"outlook.office365.com/webhook/", 8, address}, {"hooks.zapier.com/hooks/", 8, address},
	{"open.feishu.cn/open-apis/bot/", 8, address}, {"open.larksuite.com/open-apis/bot/", 8, address}, {"qyapi.weixin.qq.com/cgi-bin/webhook/", 8, address},
	{"events.pagerduty.com/integration/", 8, address}, {"hooks.chime.aws/", 8, address}, {"maker.ifttt.com/", 8, address},
	{"api.opsgenie.com/v1/json/", 8, address}, {"alert.victorops.com/integrations/", 8, address}, {"/hooks/", 20, digits},
}

// shapesByFirst finds the shapes that begin with a byte.
var shapesByFirst = func() (table [256][]shape) {
	for _, s := range shapes {
		table[s.prefix[0]] = append(table[s.prefix[0]], s)
	}
	return table
}()

// shapesBegin has a bit for every two bytes that a shape begins with.
var shapesBegin = func() (table [1 << 16 / 64]uint64) {
	for _, s := range shapes {
		two := uint(s.prefix[0])<<8 | uint(s.prefix[1])
		table[two/64] |= 1 << (two % 64)
	}
	return table
}()

// maskShapes replaces what looks like a token, in one pass.
func maskShapes(text string) string {
	var cuts []cut
	var run tokenStretch
	for i := 0; i+1 < len(text); i++ {
		two := uint(text[i])<<8 | uint(text[i+1])
		if shapesBegin[two/64]&(1<<(two%64)) == 0 || !startsWord(text, i) {
			continue
		}
		for _, s := range shapesByFirst[text[i]] {
			if !strings.HasPrefix(text[i:], s.prefix) {
				continue
			}
			if found := s.find(text, i, &run); found.to > 0 {
				cuts = append(cuts, found)
				i = found.to - 1
				break
			}
		}
	}
	return replace(text, cuts)
}

// startsWord reports whether a word may begin at the byte: within a word, a prefix is a
// coincidence, for example in a certificate. An escape sequence before the byte is not part
// of the word: \n, %20.
func startsWord(text string, i int) bool {
	switch {
	case i == 0 || !IsAlnum(text[i-1]) || !IsAlnum(text[i]):
		return true
	case i >= 2 && text[i-2] == '\\':
		return strings.IndexByte("nrt", text[i-1]) >= 0
	case i >= 3 && text[i-3] == '%':
		return isHex(text[i-2]) && isHex(text[i-1])
	}
	return i >= 6 && text[i-6] == '\\' && text[i-5] == 'u'
}

// find is the position of the token whose prefix is at the byte; to is 0 if it is not a
// token.
func (s shape) find(text string, at int, run *tokenStretch) cut {
	from := at + len(s.prefix)
	rest := text[from:]
	if strings.HasPrefix(rest, Redacted) {
		return cut{}
	}
	switch s.looks {
	case address:
		if end := addressEnd(rest); !strings.HasPrefix(rest[end:], Redacted) {
			return s.cutFrom(from, from+end)
		}
		return cut{}
	case hash:
		return s.cutFrom(at, from+addressEnd(rest))
	case alnumOnly:
		end := alnumRun(rest[:min(len(rest), s.least+5)])
		if !hasCapital(rest[:end]) || countDigits(rest[:end]) == 0 || end > s.least+4 {
			return cut{}
		}
		return s.cutFrom(at, from+end)
	}
	run.cover(text, from)
	if s.looks == capitals && run.capital < from || s.looks == digits && run.digit < from {
		return cut{}
	}
	return s.cutFrom(at, run.end)
}

// tokenStretch is a stretch of a text in the characters of tokens, which is searched once,
// however many prefixes are in it.
type tokenStretch struct {
	end int
	// capital is the position of its last capital, digit that of its last digit but one; -1
	// if there is none.
	capital, digit int
}

// cover makes it the stretch that contains the byte.
func (r *tokenStretch) cover(text string, from int) {
	if from < r.end {
		return
	}
	*r = tokenStretch{end: from + tokenRun(text[from:]), capital: -1, digit: -1}
	last := -1
	for i := from; i < r.end; i++ {
		switch c := text[i]; {
		case c >= 'A' && c <= 'Z':
			r.capital = i
		case c >= '0' && c <= '9':
			r.digit, last = last, i
		}
	}
}

// cutFrom is the cut if it is long enough for a token.
func (s shape) cutFrom(from, to int) cut {
	least := s.least
	if s.looks != address {
		least += len(s.prefix)
	}
	if to-from < least {
		return cut{}
	}
	return cut{from, to}
}

// addressEnd is the last possible end of an address.
func addressEnd(text string) int {
	if i := strings.IndexAny(text, " \t\r\n\"'`\\<>)],;"); i >= 0 {
		return i
	}
	return len(text)
}

// tokenRun is the number of characters of tokens at the beginning of the text.
func tokenRun(text string) int {
	for i := range len(text) {
		if c := text[i]; !IsAlnum(c) && strings.IndexByte("-_.+/=~", c) < 0 {
			return i
		}
	}
	return len(text)
}

func alnumRun(text string) int {
	for i := range len(text) {
		if !IsAlnum(text[i]) {
			return i
		}
	}
	return len(text)
}

// IsAlnum reports whether the byte is a letter or digit of ASCII.
func IsAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

func hasCapital(text string) bool {
	for i := range len(text) {
		if text[i] >= 'A' && text[i] <= 'Z' {
			return true
		}
	}
	return false
}

func countDigits(text string) int {
	n := 0
	for i := range len(text) {
		if text[i] >= '0' && text[i] <= '9' {
			n++
		}
	}
	return n
}

// IsDigits reports whether the text has no character other than digits of ASCII.
func IsDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}
