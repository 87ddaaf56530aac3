package trust

import (
	"crypto/x509"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// Note is something to know about a certificate, a sentence without a full stop.
type Note struct {
	Severity finding.Severity
	Text     string
}

// longest is how long a server's certificate may be valid; Apple's systems refuse
// longer ones of any authority (support.apple.com/103769).
const longest = 825 * 24 * time.Hour

// notesOn are the notes on a certificate, worst first.
func notesOn(c *x509.Certificate, now time.Time) []Note {
	var notes []Note
	note := func(when bool, severity finding.Severity, format string, args ...any) {
		if when {
			notes = append(notes, Note{severity, fmt.Sprintf(format, args...)})
		}
	}
	key, authority := keyOf(c.PublicKey), isAuthority(c)
	server := !authority && certs.AllowsUsage(c, x509.ExtKeyUsageServerAuth)
	note(!now.Before(c.NotAfter), finding.Critical, "it ended %s ago", duration.HumanDuration(now.Sub(c.NotAfter)))
	note(now.Before(c.NotBefore), finding.Critical, "it begins in %s", duration.HumanDuration(c.NotBefore.Sub(now)))
	note(c.NotAfter.Before(c.NotBefore), finding.Critical, "it ends before it begins")
	note(key.weak(), finding.Critical, "its key is too weak: %s", key)
	note(certs.WeakDigest(c) && !selfSigned(c), finding.Critical, "it is signed with a broken digest: %s", c.SignatureAlgorithm)
	note(authority && c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0, finding.Critical,
		"it is an authority that may not sign certificates (no keyCertSign)")
	note(len(c.UnhandledCriticalExtensions) > 0, finding.Warning,
		"it has a critical extension that not every program knows: %s", firstOID(c))
	note(c.Version < 3, finding.Warning, "it is of version %d, which says nothing of its uses", c.Version)
	note(server && len(namesOf(c)) == 0, finding.Warning,
		"it names no host (no subject alternative name): as a server's it is refused, whatever its CN says")
	note(server && len(c.ExtKeyUsage) > 0 && c.NotAfter.Sub(c.NotBefore) > longest, finding.Warning,
		"it is valid for %d days; Apple's systems refuse a server's beyond 825", int(c.NotAfter.Sub(c.NotBefore).Hours()/24))
	note(authority, finding.Info, "it is an authority: who has its key can make certificates%s", depthOf(c))
	note(selfSigned(c) && !authority, finding.Info, "it is self-signed: nobody vouches for it")
	return notes
}

func firstOID(c *x509.Certificate) string {
	if len(c.UnhandledCriticalExtensions) == 0 {
		return ""
	}
	return c.UnhandledCriticalExtensions[0].String()
}

// depthOf says whether an authority may make further authorities.
func depthOf(c *x509.Certificate) string {
	if c.MaxPathLen == 0 && c.MaxPathLenZero {
		return ", but no further authorities"
	}
	return ""
}
