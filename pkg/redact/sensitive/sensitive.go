// Package sensitive reports by the name of a key whether its value is a secret.
package sensitive

import (
	"bytes"
	"slices"
)

// Key reports whether a field, a variable, a flag or a header of this name holds a secret.
// A reference to a secret ("secretName", "secretRef") does not, nor does the method by which
// one is created or stored ("tokenPath").
func Key(name string) bool {
	var buffer [MaxKeyLength]byte
	key := squeeze(buffer[:0], name)
	if !hasStem(key) {
		return false
	}
	if harmlessEnds.end(key) {
		return false
	}
	return strongWords.within(key) || secretEnds.end(key) || secretWords.equal(key)
}

// hasStem reports whether one of the stems is in the name.
func hasStem(key []byte) bool {
	for i, c := range key {
		for _, stem := range stemsByFirst[c] {
			if bytes.HasPrefix(key[i:], stem) {
				return true
			}
		}
	}
	return false
}

// stemsByFirst finds the stems that begin with a byte.
var stemsByFirst = func() (table [256][][]byte) {
	for _, stem := range stems {
		table[stem[0]] = append(table[stem[0]], stem)
	}
	return table
}()

// StrongKey reports whether a sensitive key almost always has a secret: it is not a word of
// ordinary messages about secrets, as "token" is.
func StrongKey(name string) bool {
	var buffer [MaxKeyLength]byte
	key := squeeze(buffer[:0], name)
	return strongWords.within(key) || secretWords.equal(key) && string(key) != "auth"
}

// HasStrongWord reports whether the name contains, at any place, a word that makes it a
// secret's: "password", "apikey".
func HasStrongWord(name string) bool {
	var buffer [MaxKeyLength]byte
	return strongWords.within(squeeze(buffer[:0], name))
}

// MaxKeyLength is how much of a name is examined, from its end.
const MaxKeyLength = 96

// squeeze lower-cases the name and removes the separators of its words, so that API_KEY,
// api-key and apiKey are the same; only the text after a last "/" counts. It does not
// allocate, because it is called for every key of every object.
func squeeze(into []byte, name string) []byte {
	if len(name) > MaxKeyLength {
		name = name[len(name)-MaxKeyLength:]
	}
	for i := range len(name) {
		switch c := name[i]; {
		case c == '/':
			into = into[:0]
		case c == '-' || c == '_' || c == '.' || c == ' ':
		case c >= 'A' && c <= 'Z':
			into = append(into, c|0x20)
		default:
			into = append(into, c)
		}
	}
	return into
}

// Words are names in lower case, without separators: "apikey".
type Words [][]byte

// NewWords creates Words.
func NewWords(all ...string) Words {
	list := make(Words, len(all))
	for i, word := range all {
		list[i] = []byte(word)
	}
	return list
}

// Match reports whether the name is one of the words, in any case and with any separators:
// API_KEY, api-key, apiKey.
func (w Words) Match(name string) bool {
	var buffer [MaxKeyLength]byte
	return w.equal(squeeze(buffer[:0], name))
}

// MatchEnd reports whether the name ends with one of the words, in any case and with any
// separators.
func (w Words) MatchEnd(name string) bool {
	var buffer [MaxKeyLength]byte
	return w.end(squeeze(buffer[:0], name))
}

func (w Words) within(key []byte) bool {
	return slices.ContainsFunc(w, func(word []byte) bool { return bytes.Contains(key, word) })
}

func (w Words) end(key []byte) bool {
	return slices.ContainsFunc(w, func(word []byte) bool { return bytes.HasSuffix(key, word) })
}

func (w Words) equal(key []byte) bool {
	return slices.ContainsFunc(w, func(word []byte) bool { return bytes.Equal(key, word) })
}

var (
	// stems: a name without one of these is not examined further.
	stems = NewWords("pass", "pw", "token", "secret", "key", "cred", "auth", "cookie", "dsn", "jwt",
		"psk", "dockercfg", "dockerconfig", "connectionstring", "bearer", "sas", "connectsid", "sessi", "otp",
		"registeredusers", "orthancpeers", "stringdata", "lastapplied", "mnemonic", "roleid")
	// harmlessEnds are ends of names whose value is about a secret or refers to one.
	harmlessEnds = NewWords("name", "names", "ref", "refs", "reference", "namespace", "path", "file",
		"type", "ttl", "seconds", "policy", "algorithm", "enabled", "count", "bypass", "compass",
		"imagepullsecret", "imagepullsecrets", "existingsecret", "passed", "passes", "version")
	// strongWords make a name that of a secret if they are anywhere in it.
	strongWords = append(NewWords("password", "passwd", "passphrase", "passcode", "privatekey", "clientsecret", "apikey",
		"secretkey", "secretaccesskey", "accesskey"), mapWords...)
	// mapWords name maps of users or of whole contents, all of which are secret.
	mapWords = NewWords("registeredusers", "orthancpeers", "stringdata", "lastappliedconfiguration")
	// secretEnds make a name that of a secret if they are at its end.
	secretEnds = NewWords("token", "tokens", "secret", "secrets", "credential", "credentials",
		"authorization", "pass", "pwd", "pw", "signingkey", "encryptionkey", "sharedkey", "accountkey",
		"masterkey", "sessionkey", "hmackey", "authkey", "userkey", "secretid", "dockerconfigjson",
		"dockercfg", "connectionstring", "cookie", "cookies", "jwt", "sessionid", "sessid", "licensekey", "licencekey",
		"privkey", "deploykey", "storagekey", "servicekey", "subscriptionkey", "instrumentationkey", "aeskey", "cryptkey",
		"otp", "totpseed", "mnemonic", "basicauth", "authbasic", "sharedaccesssignature", "sastoken")
	// secretWords are secrets when they are the whole name.
	secretWords = NewWords("pass", "pwd", "pw", "auth", "dsn", "psk", "jwt", "bearer", "xauth", "bearerauth", "connectsid", "otp", "roleid")
)

// HoldsMap reports whether a map of this name is secret with all that is in it.
func HoldsMap(name string) bool {
	var buffer [MaxKeyLength]byte
	return mapWords.within(squeeze(buffer[:0], name))
}
