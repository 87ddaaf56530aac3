package render

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
)

// IssuedCertificate prints a new client certificate and its files.
func IssuedCertificate(w io.Writer, i versioned.Issued) error {
	c := versioned.IssuedCertificate(i)
	var b strings.Builder
	escape.Fprintf(&b, "Client certificate for %s, signed by %s in %s\n\n", i.Tenant, i.Issuer, i.Namespace)
	for _, line := range []struct{ name, value string }{
		{"Subject", c.Subject},
		{"Names", strings.Join(c.Names, ", ")},
		{"Valid until", fmt.Sprintf("%s (%s)", c.NotAfter.Format(time.RFC3339), left(c.NotAfter, i.Now))},
		{"Serial", c.Serial},
		{"SHA-256", c.Fingerprint},
		{"Key", note(i.Key, "readable by you only")},
		{"Certificate", i.CertificateFile},
		{"CA", i.CA},
		{"PKCS#12", note(i.PKCS12, "key and certificates, under the password")},
	} {
		if line.value != "" {
			escape.Fprintf(&b, "  %-13s%s\n", line.name, line.value)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func note(value, about string) string {
	if value == "" {
		return ""
	}
	return value + "  (" + about + ")"
}
