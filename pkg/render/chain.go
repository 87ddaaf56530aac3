package render

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Chain prints one tenant's whole chain: the verdict in a sentence, the tenant's
// addresses, then each object in the order of their dependencies.
func Chain(w io.Writer, s tenant.Status, now time.Time, style term.Style) error {
	out := escape.NewStyled(w)
	writeChain(out, s, now, style, unchanged)
	return out.Flush()
}

// ChainLines is the text of Chain as lines, with the timeouts of what is in progress, and of
// each line the object that it shows, the zero Ref if it shows none.
func ChainLines(s tenant.Status, now time.Time, style term.Style) (lines []string, refs []object.Ref) {
	var text strings.Builder
	out := escape.NewStyled(&text)
	first := writeChain(out, s, now, style, withTimeout(now))
	_ = out.Flush() // a strings.Builder accepts all writes
	lines = strings.Split(strings.TrimRight(text.String(), "\n"), "\n")
	refs = make([]object.Ref, len(lines))
	for i, link := range s.Chain {
		if i == 0 || link.Section != s.Chain[i-1].Section {
			first++ // the section's heading
		}
		refs[first+i] = link.Ref
	}
	return lines, refs
}

// unchanged are the cells of an object as they are.
func unchanged(_ tenant.Link, cells []string) []string { return cells }

// writeChain writes a chain, with each object's cells as change returns them, and returns the
// number of lines before the first section.
func writeChain(out *escape.Styled, s tenant.Status, now time.Time, style term.Style, change func(tenant.Link, []string) []string) int {
	headline(out, s, now, style)
	facts(out, s, now, style)
	t := term.Table{Columns: chainColumns, Indent: "  "}
	var sections []tenant.Section
	for _, link := range s.Chain {
		sections = append(sections, link.Section)
		t.Rows = append(t.Rows, change(link, []string{
			string(link.Status), ObjectCell(link.Ref, s), Age(link.Since, now), Describe(link, style),
		}))
	}
	before := strings.Count(out.String(), "\n")
	if !style.NoHeaders {
		before += 2 // a blank line and the headings
	}
	printSections(out, t, sections, style)
	collisions(out, s)
	unread(out, s)
	return before
}

var chainColumns = []term.Column{
	{Heading: "STATUS", Keep: 98},
	{Heading: "OBJECT", Keep: 99, Least: 28},
	{Heading: "FOR", Keep: 50},
	{Heading: "MESSAGE", Keep: 97, Least: 28},
}

func headline(out io.Writer, s tenant.Status, now time.Time, style term.Style) {
	status := string(s.Verdict.Status)
	text := term.Clean(s.Name)
	if s.Verdict.Since.IsZero() {
		text += " is " + status
	} else {
		text += " has been " + status + " for " + Age(s.Verdict.Since, now)
	}
	if !s.Ready() {
		text += ": " + waiting(s)
	}
	for i, line := range style.Wrap(text, "", "  ") {
		if style.Colour && i == 0 {
			line = strings.Replace(line, " "+status, " "+PaintStatus(s.Verdict.Status, status), 1)
		}
		fmt.Fprintln(out, line)
	}
}

// facts prints what users copy: hosts, address, counts.
func facts(out io.Writer, s tenant.Status, now time.Time, style term.Style) {
	escape.Fprintf(out, "  Web       %s\n", WebURL(s))
	escape.Fprintf(out, "  DICOM     %s\n", dicom(s.DICOM))
	escape.Fprintf(out, "  Address   %s\n", orNone(s.Addresses))
	counts := fmt.Sprintf("Layers %s, Orthanc %s, database %s, certificate %s, revision %s",
		layers(s), replicas(s.Orthanc), replicas(s.Database), certificateLeft(s, now), revision(s.Revision))
	for _, line := range style.Wrap(counts, "  ", "  ") {
		fmt.Fprintln(out, line)
	}
}

// WebURL is the address of a tenant's web page, None if it has no host.
func WebURL(s tenant.Status) string {
	if len(s.Web.Hosts) == 0 {
		return None
	}
	host := s.Web.Hosts[0]
	switch s.Web.Port {
	case 80:
		return "http://" + host
	case 443:
		return "https://" + host
	}
	return fmt.Sprintf("https://%s:%d", host, s.Web.Port)
}

// ObjectCell names a link's object, with its namespace unless that is obvious.
func ObjectCell(ref object.Ref, s tenant.Status) string {
	switch {
	case ref.Name == "":
		return term.Clean(ref.Kind) + " (all)"
	case len(s.Namespaces) > 1 && ref.Namespace != "":
		return term.Clean(ref.Kind + "/" + ref.Namespace + "/" + ref.Name)
	}
	return term.Clean(ref.Short())
}

// messageLimit keeps a line readable if no terminal sets a width.
const messageLimit = 100

// Describe is a short description of a link's state.
func Describe(link tenant.Link, style term.Style) string {
	text := link.Message
	if link.Status != health.Ready && !mentions(string(link.Status)+text, string(link.Reason)) {
		text = string(link.Reason) + ": " + text
	}
	if link.Detail != "" {
		text = strings.TrimSuffix(link.Detail+"; "+text, "; ")
	}
	if link.Renewing {
		text += "; a newer revision is being applied"
	}
	text = term.Clean(text)
	if style.Wide {
		return text
	}
	return term.Shorten(message.Abbreviate(text), messageLimit)
}

// printSections prints the rows of a table under a heading each time the
// section changes, all in the same columns.
func printSections(out io.Writer, t term.Table, sections []tenant.Section, style term.Style) {
	lines := t.Lines(style, func(column int, cell, padded string) string {
		if column == 0 {
			return PaintStatus(health.Status(cell), padded)
		}
		return padded
	})
	if !style.NoHeaders {
		fmt.Fprintf(out, "\n%s\n", lines[0])
		lines = lines[1:]
	}
	for i, section := range sections {
		if i == 0 || section != sections[i-1] {
			heading := string(section)
			if style.Colour {
				heading = term.Embolden(heading)
			}
			fmt.Fprintln(out, heading)
		}
		fmt.Fprintln(out, lines[i])
	}
}

// collisions lists the host names that another tenant also claims.
func collisions(out io.Writer, s tenant.Status) {
	for i, c := range s.Collisions {
		if i == 0 {
			fmt.Fprintln(out)
		}
		escape.Fprintf(out, "%s\n", Collision(c))
	}
}

// Collision is a host name that two tenants claim, as a finding in a line.
func Collision(c tenant.HostCollision) string {
	return fmt.Sprintf("%s (%s)", c, diagnose.HostCollisionCode)
}

// unread lists what could not be read, so that it is not mistaken for absent.
func unread(out io.Writer, s tenant.Status) {
	for i, why := range s.Unknown {
		if i == 0 {
			fmt.Fprintln(out, "\nCould not be read:")
		}
		fmt.Fprintf(out, "  %s\n", term.Clean(why.String()))
	}
}
