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
	writeChain(out, s, now, style, func(_ tenant.Link, cells []string) []string { return cells })
	return out.Flush()
}

// writeChain writes a chain, with each object's cells as change returns them.
func writeChain(out *escape.Styled, s tenant.Status, now time.Time, style term.Style, change func(tenant.Link, []string) []string) {
	headline(out, s, now, style)
	facts(out, s, now)
	t := term.Table{Columns: chainColumns, Indent: "  "}
	var sections []tenant.Section
	for _, link := range s.Chain {
		sections = append(sections, link.Section)
		t.Rows = append(t.Rows, change(link, []string{
			string(link.Status), objectCell(link.Ref, s), age(link.Since, now), describe(link, style),
		}))
	}
	printSections(out, t, sections, style)
	collisions(out, s)
	unread(out, s)
}

var chainColumns = []term.Column{
	{Heading: "STATUS", Keep: 98},
	{Heading: "OBJECT", Keep: 99, Least: 28},
	{Heading: "FOR", Keep: 50},
	{Heading: "MESSAGE", Keep: 97, Least: 28},
}

func headline(out io.Writer, s tenant.Status, now time.Time, style term.Style) {
	status := string(s.Verdict.Status)
	if style.Colour {
		status = paintStatus(s.Verdict.Status, status)
	}
	if s.Verdict.Since.IsZero() {
		fmt.Fprintf(out, "%s is %s", term.Clean(s.Name), status)
	} else {
		fmt.Fprintf(out, "%s has been %s for %s", term.Clean(s.Name), status, age(s.Verdict.Since, now))
	}
	if !s.Ready() {
		fmt.Fprintf(out, ": %s", waiting(s))
	}
	fmt.Fprintln(out)
}

// facts prints what users copy: hosts, address, counts.
func facts(out io.Writer, s tenant.Status, now time.Time) {
	web := none
	if len(s.Web.Hosts) > 0 {
		web = "https://" + s.Web.Hosts[0]
		if s.Web.Port == 80 {
			web = "http://" + s.Web.Hosts[0]
		} else if s.Web.Port != 443 {
			web += fmt.Sprintf(":%d", s.Web.Port)
		}
	}
	escape.Fprintf(out, "  Web       %s\n", web)
	escape.Fprintf(out, "  DICOM     %s\n", dicom(s.DICOM))
	escape.Fprintf(out, "  Address   %s\n", orNone(s.Addresses))
	escape.Fprintf(out, "  Layers %s, Orthanc %s, database %s, certificate %s, revision %s\n",
		layers(s), replicas(s.Orthanc), replicas(s.Database), certificateLeft(s, now), revision(s.Revision))
}

// objectCell names a link's object, with its namespace unless that is obvious.
func objectCell(ref object.Ref, s tenant.Status) string {
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

// describe is a short description of a link's state.
func describe(link tenant.Link, style term.Style) string {
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
			return paintStatus(health.Status(cell), padded)
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
