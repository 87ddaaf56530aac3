// Package sensitive tells by the name of a key whether its value is a secret.
package sensitive

import (
	"bytes"
)

// SensitiveKey tells whether a field, a variable, a flag or a header of this
// name holds a secret. A reference to a secret ("secretName", "secretRef") is
// none, nor is how one is made or kept ("tokenPath").
func SensitiveKey(name string) bool {
	var buffer [MaxKeyLength]byte
	key := Squeeze(buffer[:0], name)
	if !hasStem(key) {
		return false
	}
	if HasAnySuffix(key, harmlessEnds) {
		return false
	}
	return ContainsAny(key, StrongWords) || HasAnySuffix(key, secretEnds) || EqualsAny(key, secretWords)
}

// hasStem tells whether one of the stems is in the name.
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

// StrongKey tells whether a sensitive key can hardly be anything else: it is
// not a word of ordinary messages about secrets, as "token" is.
func StrongKey(name string) bool {
	var buffer [MaxKeyLength]byte
	key := Squeeze(buffer[:0], name)
	return ContainsAny(key, StrongWords) || EqualsAny(key, secretWords) && string(key) != "auth"
}

// MaxKeyLength is how much of a name is looked at, from its end.
const MaxKeyLength = 96

// Squeeze lower-cases the name and drops what separates its words, so that
// API_KEY, api-key and apiKey are the same; only what follows a last "/"
// counts. It does not allocate, for it sees every key of every object.
func Squeeze(into []byte, name string) []byte {
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

func Words(all ...string) [][]byte {
	list := make([][]byte, len(all))
	for i, word := range all {
		list[i] = []byte(word)
	}
	return list
}

var (
	// stems: a name without one of these is not looked at any further.
	stems = Words("pass", "pw", "token", "secret", "key", "cred", "auth", "cookie", "dsn", "jwt",
		"psk", "dockercfg", "dockerconfig", "connectionstring", "bearer", "sas", "connectsid", "sessi", "otp",
		"registeredusers", "orthancpeers", "stringdata", "lastapplied", "mnemonic", "roleid")
	// harmlessEnds say that the value is about a secret or points to one.
	harmlessEnds = Words("name", "names", "ref", "refs", "reference", "namespace", "path", "file",
		"type", "ttl", "seconds", "policy", "algorithm", "enabled", "count", "bypass", "compass",
		"imagepullsecret", "imagepullsecrets", "existingsecret", "passed", "passes", "version")
	// StrongWords make a secret of a name that has them anywhere.
	StrongWords = append(Words("password", "passwd", "passphrase", "passcode", "privatekey", "clientsecret", "apikey",
		"secretkey", "secretaccesskey", "accesskey"), mapWords...)
	// mapWords name maps of users or of whole contents, all of which are secret.
	mapWords = Words("registeredusers", "orthancpeers", "stringdata", "lastappliedconfiguration")
	// secretEnds make a secret of a name that ends so.
	secretEnds = Words("token", "tokens", "secret", "secrets", "credential", "credentials",
		"authorization", "pass", "pwd", "pw", "signingkey", "encryptionkey", "sharedkey", "accountkey",
		"masterkey", "sessionkey", "hmackey", "authkey", "userkey", "secretid", "dockerconfigjson",
		"dockercfg", "connectionstring", "cookie", "cookies", "jwt", "sessionid", "sessid", "licensekey", "licencekey",
		"privkey", "deploykey", "storagekey", "servicekey", "subscriptionkey", "instrumentationkey", "aeskey", "cryptkey",
		"otp", "totpseed", "mnemonic", "basicauth", "authbasic", "sharedaccesssignature", "sastoken")
	// secretWords are secrets when they are the whole name.
	secretWords = Words("pass", "pwd", "pw", "auth", "dsn", "psk", "jwt", "bearer", "xauth", "bearerauth", "connectsid", "otp", "roleid")
)

// HoldsMap tells whether a map of this name is secret with all that is in it.
func HoldsMap(name string) bool {
	var buffer [MaxKeyLength]byte
	return ContainsAny(Squeeze(buffer[:0], name), mapWords)
}

func ContainsAny(key []byte, list [][]byte) bool {
	for _, word := range list {
		if bytes.Contains(key, word) {
			return true
		}
	}
	return false
}

func HasAnySuffix(key []byte, list [][]byte) bool {
	for _, word := range list {
		if bytes.HasSuffix(key, word) {
			return true
		}
	}
	return false
}

func EqualsAny(key []byte, list [][]byte) bool {
	for _, word := range list {
		if bytes.Equal(key, word) {
			return true
		}
	}
	return false
}
