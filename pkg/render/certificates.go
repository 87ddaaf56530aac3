package render

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

var certificateColumns = []term.Column{
	{Heading: "TENANT", Keep: 96},
	{Heading: "CERTIFICATE", Keep: 99, Least: 16},
	{Heading: "ISSUER", Keep: 40, Least: 12},
	{Heading: "USED BY", Keep: 90, Least: 16},
	{Heading: "LEFT", Keep: 98},
	{Heading: "RENEWS", Keep: 50},
	{Heading: "SERVED", Keep: 80},
	{Heading: "STATUS", Keep: 97, Least: 7},
	{Heading: "SECRET", WideOnly: true},
	{Heading: "SUBJECT", WideOnly: true},
	{Heading: "NAMES", WideOnly: true},
}

// certificateStatus is the column that is coloured.
const certificateStatus = 7

// Certificates prints one line for each certificate, the certificates that it signs indented
// below it, then the addresses that serve another certificate, and what could not be read.
func Certificates(w io.Writer, entries []trust.Entry, now time.Time, style term.Style) error {
	t := term.Table{Columns: certificateColumns}
	for _, e := range entries {
		t.Rows = append(t.Rows, certificateCells(e, now))
	}
	return writeCertificates(w, t, paintCertificate, servedLines(entries), unreadOf(entries), style)
}

// ClusterCertificates are the certificates of one of several clusters, as of the time Now.
type ClusterCertificates struct {
	Cluster string
	Entries []trust.Entry
	Now     time.Time
}

// CertificatesOfClusters is Certificates for several clusters.
func CertificatesOfClusters(w io.Writer, clusters []ClusterCertificates, style term.Style) error {
	t := term.Table{Columns: withCluster(certificateColumns)}
	var served, unread []string
	for _, c := range clusters {
		for _, e := range c.Entries {
			t.Rows = append(t.Rows, append([]string{term.Clean(c.Cluster)}, certificateCells(e, c.Now)...))
		}
		for _, line := range servedLines(c.Entries) {
			served = append(served, c.Cluster+": "+line)
		}
		for _, line := range unreadOf(c.Entries) {
			unread = append(unread, c.Cluster+": "+line)
		}
	}
	return writeCertificates(w, t, afterCluster(paintCertificate), served, unread, style)
}

func writeCertificates(w io.Writer, t term.Table, paint func(column int, cell, padded string) string, served, unread []string, style term.Style) error {
	out := escape.NewStyled(w)
	if err := t.Write(out, style, paint); err != nil {
		return err
	}
	p := explanation{out: out, style: style}
	p.lines("Served:", served)
	p.lines("Could not be read:", unread)
	return out.Flush()
}

// certificateCells are the cells of a certificate's line.
func certificateCells(e trust.Entry, now time.Time) []string {
	return []string{
		term.Clean(e.Tenant), branch(e.Depth) + certificateName(e), issuerName(e), usedBy(e),
		leftOf(e, now), renews(e, now), servedWord(e), certificateVerdict(e),
		orDash(e.Secret.Name), orDash(e.Subject), term.Clean(orNone(e.Names)),
	}
}

// CertificateFields are the cells of a certificate's line by their headings, its name without a
// branch, for other layouts.
func CertificateFields(e trust.Entry, now time.Time) map[string]string {
	e.Depth = 0
	return term.Fields(certificateColumns, certificateCells(e, now))
}

func paintCertificate(column int, cell, padded string) string {
	if column == certificateStatus {
		status, _, _ := strings.Cut(cell, ":")
		return PaintStatus(health.Status(status), padded)
	}
	return padded
}

// lines prints sentences under a heading.
func (p explanation) lines(heading string, sentences []string) {
	for i, text := range sentences {
		if i == 0 {
			fmt.Fprintf(p.out, "\n%s\n", heading)
		}
		for _, line := range p.style.Wrap(term.Clean(text), "  ", "    ") {
			fmt.Fprintln(p.out, line)
		}
	}
}

func branch(depth int) string {
	if depth == 0 {
		return ""
	}
	return strings.Repeat("   ", depth-1) + "└─ "
}

// certificateName is the name, with the kind for a Secret.
func certificateName(e trust.Entry) string {
	switch {
	case e.Ref.Name == "":
		return "(" + term.Clean(e.Ref.Kind) + "s)"
	case e.Ref.Kind != object.CertificateKind.Kind:
		return term.Clean(e.Ref.Short())
	}
	return term.Clean(e.Ref.Name)
}

func orDash(text string) string {
	if text = term.Clean(text); text == "" {
		return None
	}
	return text
}

// usedBy lists Gateways with their ports, and issuers.
func usedBy(e trust.Entry) string {
	var uses []string
	for _, use := range e.Uses {
		text := term.Clean(use.Ref.Name)
		if use.Port > 0 {
			text += fmt.Sprintf(":%d", use.Port)
		}
		if !slices.Contains(uses, text) {
			uses = append(uses, text)
		}
	}
	switch {
	case len(uses) > 0:
		return strings.Join(uses, ",")
	case !e.UsesKnown:
		return unseen
	}
	return None
}

// leftOf is the time left, and distinguishes an unknown end from a missing one.
func leftOf(e trust.Entry, now time.Time) string {
	if e.NotAfter.IsZero() && len(e.Unknown) > 0 {
		return unseen
	}
	return left(e.NotAfter, now)
}

// unmade reports whether the Certificate resource of a certificate in use could not be read:
// the certificate may have an issuer, and be renewed.
func unmade(e trust.Entry) bool {
	return e.Ref.Name == "" || e.Ref.Kind != object.CertificateKind.Kind && slices.ContainsFunc(e.Unknown, func(f snapshot.Failure) bool {
		resource, group, _ := strings.Cut(f.Resource, ".")
		return (resource == "certificates" || resource == object.CertificateKind.Kind) && group == object.CertificateKind.Group
	})
}

func issuerName(e trust.Entry) string {
	if e.Issuer.Name == "" && unmade(e) {
		return unseen
	}
	return orDash(e.Issuer.Name)
}

// renews is when cert-manager renews the certificate.
func renews(e trust.Entry, now time.Time) string {
	if e.RenewalTime.IsZero() && unmade(e) {
		return unseen
	}
	if !e.RenewalTime.IsZero() && !now.Before(e.RenewalTime) {
		return "due"
	}
	return left(e.RenewalTime, now)
}

func certificateVerdict(e trust.Entry) string {
	text := string(e.Verdict.Status)
	if e.Verdict.Status != health.Ready && e.Verdict.Reason != "" {
		text += ": " + term.Clean(string(e.Verdict.Reason))
	}
	return text
}
