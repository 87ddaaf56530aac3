package secret

import (
	"encoding/pem"
	"fmt"
	"regexp"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var plainTextSecret = &rule.Rule{
	Code: "OW4913", Name: "plain-text-secret", Severity: finding.Critical,
	Title: "A secret is in Git without encryption",
	Object: func(c *rule.Context, o *cluster.Object) {
		switch {
		case encrypted(c, o) && !(o.Ref().GroupKind() == object.SecretKind && shouldBeEncrypted(o)):
		case o.Ref().GroupKind() == object.SecretKind:
			reportSecret(c, o)
		default:
			for _, found := range credentials(c, o) {
				if found.certain && !isKnown(found) { // one that is known is not secret
					c.ReportAt(found.at, o, found.what+" is not encrypted: everybody who can read the repository knows it, and its history keeps it", replace(found.at.File))
				}
			}
		}
	},
}

// reportSecret reports the keys of a Secret that are not encrypted.
func reportSecret(c *rule.Context, o *cluster.Object) {
	var first *entry
	more := 0
	for _, e := range entries(c, o) {
		if !isSecret(e) || isKnown(credential{value: e.text}) || fromValues(c, o, e.text) {
			continue
		}
		if first != nil {
			more++
			continue
		}
		first = &e
	}
	if first == nil {
		return
	}
	text := "the key " + first.key + " is not encrypted"
	if more > 0 {
		text = fmt.Sprintf("the key %s and %s are not encrypted", first.key, finding.Count(more, "other"))
	}
	at := first.locate(0)
	c.ReportAt(at, o, text+": everybody who can read the repository knows the content, and its history keeps it", replace(at.File))
}

// replace is the fix.
func replace(file string) finding.Fix {
	return inFile(file, "Replace the secret on the server, and encrypt the new one with sops, or have an operator create it from a vault")
}

// publicKeys are keys of Secrets whose values are not secret.
var publicKeys = sensitive.NewWords("username", "user", "host", "hostname", "port", "database", "dbname", "url", "uri", "endpoint",
	"region", "bucket", "email", "type", "name", "server", "project", "owner", "appid", "installationid", "audience",
	"cacrt", "capem", "tlscrt", "knownhosts", "identitypub", "trustpolicyjson", "provider", "path")

// isSecret reports whether an entry of a Secret has a secret: not what is public, refers to a
// value that is elsewhere, or is a file of settings without one.
func isSecret(e entry) bool {
	if isPlaceholder(e.text) || rule.Unknown(e.text) || isPublicPEM(e.text) || host.MatchString(e.text) {
		return false
	}
	inside := inValue(e.key, e.text)
	if len(inside) > 0 {
		for _, found := range inside {
			if !isPlaceholder(found.value) {
				return true
			}
		}
		return false
	}
	settings := strings.HasSuffix(e.key, ".yaml") || strings.HasSuffix(e.key, ".yml") || strings.HasSuffix(e.key, ".sql") || strings.HasSuffix(e.key, ".sh")
	return !settings && !publicKeys.MatchEnd(e.key)
}

// host is the URL of a host. One with a path may be a secret, as those of chat rooms are.
var host = regexp.MustCompile(`^[a-z]+://[^/?#@\s]+/?$`)

// isPublicPEM reports whether a text has PEM blocks, and only certificates and public keys.
func isPublicPEM(text string) bool {
	rest, blocks := []byte(text), 0
	for {
		block, after := pem.Decode(rest)
		if block == nil {
			return blocks > 0 && !strings.Contains(text, "PRIVATE KEY")
		}
		if block.Type != "CERTIFICATE" && block.Type != "PUBLIC KEY" && block.Type != "X509 CRL" {
			return false
		}
		rest, blocks = after, blocks+1
	}
}
