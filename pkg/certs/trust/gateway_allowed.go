package trust

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// allows reports whether the certificate is on the lists: by one of its names, and by its
// digest or its key's (Envoy, CertificateValidationContext: a hash of either list is
// sufficient).
func (a Allowed) allows(c *x509.Certificate) bool {
	if len(a.Names) > 0 && !slices.ContainsFunc(namesOf(c), func(n Name) bool { return slices.Contains(a.Names, n.Value) }) {
		return false
	}
	if len(a.Hashes)+len(a.SPKIs) == 0 {
		return true
	}
	whole, key := sha256.Sum256(c.Raw), sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return slices.Contains(a.SPKIs, base64.StdEncoding.EncodeToString(key[:])) ||
		slices.ContainsFunc(a.Hashes, func(hash string) bool {
			return strings.EqualFold(strings.ReplaceAll(hash, ":", ""), hex.EncodeToString(whole[:]))
		})
}

// mutual is how to make a server request client certificates. The CA is in the same Secret:
// cert-manager writes the issuing CA to ca.crt.
func (s Server) mutual() finding.Fix {
	secret := "the Secret"
	if len(s.Credentials) > 0 {
		secret = s.Credentials[0].String()
	}
	return s.fix("Set tls.mode: MUTUAL; client certificates are then checked against ca.crt of "+secret+", where cert-manager writes the issuing CA",
		"spec.servers["+s.Name+"].tls.mode: MUTUAL")
}

// fix is a change to the definition of the Gateway.
func (s Server) fix(text, setting string) finding.Fix {
	fix := finding.Fix{Text: fmt.Sprintf("%s, in %s", text, s.Gateway)}
	if s.Folder != "" {
		fix.File = s.Folder + "/kustomization.yaml"
		if setting != "" {
			fix.File += ": " + setting
		}
	}
	return fix
}
