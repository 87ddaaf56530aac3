package web

import (
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Challenge is an authentication scheme that a server offers in WWW-Authenticate.
type Challenge struct{ scheme, Realm string }

// orthancRealm is the realm of Orthanc's own challenges (HttpServer.cpp).
const orthancRealm = "Orthanc Secure Area"

// The limits for reading WWW-Authenticate.
const (
	maxChallenges   = 8
	maxChallengeLen = 4096
	maxSchemeLen    = 40
)

// Challenges parses WWW-Authenticate (RFC 9110, section 11.6.1): a list, separated by
// commas, of schemes and of parameters of the scheme before them.
func Challenges(header http.Header) (out []Challenge) {
	for _, value := range header.Values("WWW-Authenticate") {
		if len(value) > maxChallengeLen {
			continue
		}
		for _, part := range splitUnquoted(value) {
			scheme, rest, more := strings.Cut(part, " ")
			switch {
			case strings.Contains(scheme, "=") || strings.HasPrefix(strings.TrimSpace(rest), "="):
				rest = part // a parameter of the scheme before
			case !httpguts.ValidHeaderFieldName(scheme) || len(scheme) > maxSchemeLen || len(out) == maxChallenges: // no token
				continue
			default:
				out = append(out, Challenge{scheme: scheme})
				if !more {
					continue
				}
			}
			name, realm, _ := strings.Cut(rest, "=")
			if len(out) > 0 && strings.EqualFold(strings.TrimSpace(name), "realm") {
				out[len(out)-1].Realm = unquote(strings.TrimSpace(realm))
			}
		}
	}
	return out
}

// unquote is the value of a quoted string or a token.
func unquote(value string) string {
	if inner, ok := strings.CutPrefix(value, `"`); ok {
		value = strings.ReplaceAll(strings.TrimSuffix(inner, `"`), `\`, "")
	}
	return value
}

// splitUnquoted splits a list at the commas outside of quoted strings.
func splitUnquoted(list string) (parts []string) {
	quoted, escaped, from := false, false, 0
	for i := range len(list) {
		switch c := list[i]; {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			parts, from = append(parts, strings.TrimSpace(list[from:i])), i+1
		}
	}
	return append(parts, strings.TrimSpace(list[from:]))
}

// Basic returns the challenge for a user and a password.
func Basic(offered []Challenge) (Challenge, bool) {
	for _, c := range offered {
		if strings.EqualFold(c.scheme, "Basic") {
			return c, true
		}
	}
	return Challenge{}, false
}

// schemeNames lists the offered schemes, each once.
func schemeNames(offered []Challenge) string {
	var names []string
	seen := map[string]bool{}
	for _, c := range offered {
		if !seen[c.scheme] {
			seen[c.scheme], names = true, append(names, c.scheme)
		}
	}
	return strings.Join(names, ", ")
}
