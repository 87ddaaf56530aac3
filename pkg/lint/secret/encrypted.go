package secret

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var notDecrypted = &rule.Rule{
	Code: engine.CodeNotDecrypted, Name: "not-decrypted", Severity: finding.Critical,
	Title: "A layer has encrypted Secrets but no decryption",
	Kustomization: func(c *rule.Context, k *cluster.Kustomization) {
		if k.Standalone || object.Map(k.Unstructured.Object, "spec", "decryption") != nil {
			return
		}
		var found []object.Ref
		for _, o := range c.AppliedBy(k) {
			if encrypted(c, o) {
				found = append(found, o.Ref())
			}
		}
		if len(found) == 0 {
			return
		}
		text := fmt.Sprintf("it applies %s, which is encrypted with SOPS, but it has no spec.decryption", found[0])
		if more := len(found) - 1; more > 0 {
			text = fmt.Sprintf("it applies %s and %s that are encrypted with SOPS, but it has no spec.decryption", found[0], finding.Count(more, "other object"))
		}
		c.Report(k.Object, "spec.decryption", text,
			inFile(k.File(), "Set spec.decryption with provider sops and a secretRef to the Secret that has the private key"))
	},
}

// shouldBeEncrypted reports whether SOPS encrypts all entries of a Secret, according to the field
// sops.encrypted_regex that it writes. Then one that is not was changed without SOPS.
func shouldBeEncrypted(o *cluster.Object) bool {
	keys := object.Text(o.Unstructured.Object, "sops", "encrypted_regex")
	expression, err := regexp.Compile(keys)
	return keys != "" && err == nil && expression.MatchString("data") && expression.MatchString("stringData")
}

// encryptedValue begins a value that SOPS encrypted.
const encryptedValue = "ENC[AES256_GCM,"

// encrypted reports whether SOPS encrypted an object, or the files of the secretGenerator that
// it was generated from. kustomize-controller decrypts both (v1.9.6,
// internal/decryptor/decryptor.go).
func encrypted(c *rule.Context, o *cluster.Object) bool {
	if object.Map(o.Unstructured.Object, "sops") != nil {
		return true
	}
	if o.Ref().GroupKind() != object.SecretKind {
		return false
	}
	for _, e := range entries(c, o) {
		if strings.Contains(e.text, encryptedValue) {
			return true
		}
	}
	return false
}
