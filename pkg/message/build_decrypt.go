package message

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// Decryption has the details of a decryption error.
type Decryption struct {
	// Recipients are the keys that the text is encrypted for, as SOPS writes them: age
	// recipients, fingerprints, ARNs.
	Recipients []string
	Problem    DecryptionProblem
	// Key is the key of the Secret that could not be used.
	Key string
}

// DecryptionProblem is why a text can't be decrypted.
type DecryptionProblem string

// The problems a Decryption has.
const (
	// DecryptionNoIdentity: no private key of the kind was given to SOPS.
	DecryptionNoIdentity DecryptionProblem = "NoIdentity"
	// DecryptionOtherIdentity: the given private keys match no recipient.
	DecryptionOtherIdentity DecryptionProblem = "OtherIdentity"
	// DecryptionKeyInvalid: a key of the Secret could not be parsed.
	DecryptionKeyInvalid DecryptionProblem = "KeyInvalid"
	// DecryptionDenied: the key service refused.
	DecryptionDenied DecryptionProblem = "Denied"
	// DecryptionMAC: the text was changed after it was encrypted.
	DecryptionMAC DecryptionProblem = "MAC"
)

var (
	// github.com/getsops/sops/v3 3.10, usererrors.go, getDataKeyError.UserError.
	sopsRecipient = match.Wording(`(?m)^\s*(\S+): FAILED\s*$`)
	// kustomize-controller 1.9.6, internal/decryptor/decryptor.go, ImportKeys.
	sopsImport = match.Wording(`(?s)^failed to import '(?P<key>[^'\n]*)' data from \S+ (?:SOPS age )?decryption Secret '(?P<secret>[^'\s]*)': (?P<why>.*)$`)
	// The same if the Secret does not exist: the error of the API server, unchanged.
	sopsSecretGone = match.Wording(`^(?:decryption secret error: )?(?:secrets|Secret) "(` + match.NameShape + `)" not found$`)
	// The messages of sops/v3 3.10, age/keysource.go and pgp/keysource.go, of filippo.io/age
	// 1.2 and of gpg. SOPS breaks lines after "| ".
	sopsNoIdentity    = match.Wording(`no identities specified|0 successful groups required, got 0|failed to load age identities|Could not load secring|No secret key|no such file or directory`)
	sopsOtherIdentity = match.Wording(`no identity matched any of the recipients|incorrect identity for recipient block|no age identity found in`)
	sopsDenied        = match.Wording(`AccessDenied|not authorized to perform|Forbidden|permission denied|PermissionDenied|ExpiredToken|AADSTS|invalid_grant`)
	sopsMAC           = match.Wording(`failed to verify sops data integrity|message authentication failed`)
	sopsBreak         = match.Wording(`\s*\n\s*\| `)
)

// readDecryption parses what SOPS reports about the keys that it tried.
func readDecryption(why string) Decryption {
	var read Decryption
	for _, found := range sopsRecipient.FindAllStringSubmatch(why, match.MaxItems) {
		if name := match.Word(found[1]); name != "" {
			read.Recipients = append(read.Recipients, name)
		}
	}
	text := sopsBreak.ReplaceAllString(why, " ")
	for _, kind := range []struct {
		problem DecryptionProblem
		words   *match.Pattern
	}{
		{DecryptionOtherIdentity, sopsOtherIdentity}, {DecryptionNoIdentity, sopsNoIdentity},
		{DecryptionDenied, sopsDenied}, {DecryptionMAC, sopsMAC},
	} {
		if kind.words.MatchString(text) {
			read.Problem = kind.problem
			break
		}
	}
	return read
}

// parseKeys reads the errors of reading the keys before anything is decrypted.
func parseKeys(text string) (Build, bool) {
	if found := match.Groups(sopsImport, text); found != nil {
		secret, ok := match.Namespaced(found["secret"])
		secret.Kind = "Secret"
		return Build{Problem: BuildDecryption, Reference: secret, Detail: match.Detail(found["why"]),
			Decryption: Decryption{Problem: DecryptionKeyInvalid, Key: match.Word(found["key"])}}, ok
	}
	if found := match.Groups(buildKeys, text); found != nil {
		secret, ok := match.Namespaced(found["secret"])
		secret.Kind = "Secret"
		missing := strings.HasSuffix(found["why"], "not found")
		return Build{Problem: BuildDecryption, Reference: secret, Missing: missing, Detail: match.Detail(found["why"])}, ok
	}
	if found := sopsSecretGone.FindStringSubmatch(text); found != nil && match.IsName(found[1]) {
		return Build{Problem: BuildDecryption, Reference: match.Object{Kind: "Secret", Name: found[1]}, Missing: true, Detail: match.Detail(text)}, true
	}
	return Build{}, false
}
