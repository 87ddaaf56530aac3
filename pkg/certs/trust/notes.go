package trust

import (
	"crypto/x509"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// Note is a remark about a certificate, a sentence without a full stop.
type Note struct {
	Severity finding.Severity
	Text     string
}

// longest is how long a server's certificate may be valid; Apple's systems refuse longer
// ones from any CA (support.apple.com/103769).
const longest = 825 * 24 * time.Hour

// notesOn are the notes on a certificate, worst first.
func notesOn(c *x509.Certificate, now time.Time) []Note {
	var notes []Note
	note := func(when bool, severity finding.Severity, format string, args ...any) {
		if when {
			notes = append(notes, Note{severity, fmt.Sprintf(format, args...)})
		}
	}
	key, ca := keyOf(c.PublicKey), isCA(c)
	server := !ca && certs.AllowsUsage(c, x509.ExtKeyUsageServerAuth)
	note(!now.Before(c.NotAfter), finding.Critical, "it expired %s ago", duration.HumanDuration(now.Sub(c.NotAfter)))
	note(now.Before(c.NotBefore), finding.Critical, "it becomes valid in %s", duration.HumanDuration(c.NotBefore.Sub(now)))
	note(c.NotAfter.Before(c.NotBefore), finding.Critical, "it expires before it becomes valid")
	note(key.weak(), finding.Critical, "its key is too weak: %s", key)
	note(certs.WeakDigest(c) && !selfSigned(c), finding.Critical, "it is signed with a broken digest: %s", c.SignatureAlgorithm)
	note(ca && c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0, finding.Critical,
		"it is a CA that may not sign certificates (no keyCertSign)")
	note(len(c.UnhandledCriticalExtensions) > 0, finding.Warning,
		"it has a critical extension that not every program supports: %s", firstOID(c))
	note(c.Version < 3, finding.Warning, "it has version %d, which does not define its usages", c.Version)
	note(server && len(namesOf(c)) == 0, finding.Warning,
		"it has no host name (no subject alternative name): as a server's certificate it is refused, whatever its CN is")
	note(server && len(c.ExtKeyUsage) > 0 && c.NotAfter.Sub(c.NotBefore) > longest, finding.Warning,
		"it is valid for %d days; Apple's systems refuse server certificates valid for more than 825", int(c.NotAfter.Sub(c.NotBefore).Hours()/24))
	note(ca, finding.Info, "it is a CA: its key can sign certificates%s", depthOf(c))
	note(selfSigned(c) && !ca, finding.Info, "it is self-signed: no CA signed it")
	return notes
}

func firstOID(c *x509.Certificate) string {
	if len(c.UnhandledCriticalExtensions) == 0 {
		return ""
	}
	return c.UnhandledCriticalExtensions[0].String()
}

// depthOf describes whether a CA may sign further CAs.
func depthOf(c *x509.Certificate) string {
	if c.MaxPathLen == 0 && c.MaxPathLenZero {
		return ", but no further CAs"
	}
	return ""
}
