package snapshot

import "strings"

// maskPairs takes out the values of "password=x", "password: x",
// `"password":"x"`, PASSWORD=x, map[password:x], "Authorization: x" and of
// URLs' ?token=x: of every key that sensitiveKey knows.
func maskPairs(text string) string {
	var cuts []cut
	for at := 0; at < len(text); {
		i := strings.IndexAny(text[at:], "=:")
		if i < 0 {
			break
		}
		sep := at + i
		at = sep + 1
		key, before, quoted := keyBefore(text, sep, cuts)
		if key == "" || !secretPair(text, key, before, sep, quoted) {
			continue
		}
		value := pairValue(text, key, sep, quoted)
		if value.to <= value.from {
			continue
		}
		at = value.to
		if text[value.from:value.to] != Redacted {
			cuts = append(cuts, value)
		}
	}
	return replace(text, cuts)
}

// keyBefore is the name that ends before the separator, the byte before it (0
// at the beginning), and whether it is in quotes. It does not reach back into
// what is cut already.
func keyBefore(text string, sep int, cuts []cut) (key string, before byte, quoted bool) {
	floor := 0
	if len(cuts) > 0 {
		floor = cuts[len(cuts)-1].to
	}
	end := sep
	for end > floor && (text[end-1] == ' ' || text[end-1] == '\t') {
		end--
	}
	if end > floor && text[end-1] == ']' {
		end-- // data[password]: x
	}
	if end > floor && (text[end-1] == '"' || text[end-1] == '\'') {
		quoted = true
		end--
		for end > floor && text[end-1] == '\\' {
			end--
		}
	}
	start := end
	for start > floor && end-start < maxKeyLength && isKeyByte(text[start-1]) {
		start--
	}
	if start > 0 {
		before = text[start-1]
	}
	return text[start:end], before, quoted
}

func isKeyByte(c byte) bool { return isAlnum(c) || c == '_' || c == '-' || c == '.' }

// secretPair tells whether the key is sensitive and the separator one.
func secretPair(text, key string, before byte, sep int, quoted bool) bool {
	if text[sep] == '=' {
		inQuery := before == '?' || before == '&' || before == ';'
		return sensitiveKey(key) || inQuery && signsQuery(key)
	}
	if !sensitiveKey(key) {
		return false
	}
	next := byte(' ')
	if sep+1 < len(text) {
		next = text[sep+1]
	}
	switch {
	case quoted || strings.IndexByte(" \t\r\n\"'\\=", next) >= 0:
		return true
	case strings.IndexByte("/@:.", before) >= 0 && before != 0:
		return false // an image and its tag
	}
	// key:value without a space may be an image and its tag as well, whose
	// name has no capitals.
	return isWholeKey(key) || strongKey(key) || hasCapital(key) || strings.Contains(key, "_")
}

// isWholeKey tells whether the key is but a word, "token" or "secret".
func isWholeKey(key string) bool { return !strings.ContainsAny(key, "-._") }

// queryKeys are the names in a URL's query that carry its right to be read,
// as the object stores and hooks have them.
var queryKeys = words("sig", "signature", "xamzsignature", "xamzcredential", "xamzsecuritytoken",
	"xgoogsignature", "xgoogcredential", "awsaccesskeyid", "googleaccessid", "code", "key", "auth")

func signsQuery(key string) bool {
	var buffer [maxKeyLength]byte
	return equalsAny(squeeze(buffer[:0], key), queryKeys)
}
