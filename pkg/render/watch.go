package render

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Watched is what a terminal shows of tenants that are being watched.
type Watched struct {
	Statuses []tenant.Status
	// Changes are marked.
	Changes []tenant.Change
	// Now is the time that ages are counted to.
	Now time.Time
	// Chains shows the whole chain of each tenant.
	Chains bool
	// Notes are shown below: what is not as it should be.
	Notes []string
}

// changeMark is after the name of what has changed.
const changeMark = " *"

// Frame is the screen that shows them, in lines with escape.Marks: no more than the height of the
// terminal, less one for the cursor, and no wider than it.
func (f Watched) Frame(style term.Style) []string {
	var notes []string
	for _, note := range f.Notes {
		notes = append(notes, style.Wrap(note, "", "  ")...)
	}
	var lines []string
	switch {
	case len(f.Statuses) == 0:
	case f.Chains:
		lines = f.chains(style)
	default:
		lines = f.table(style)
	}
	for i, line := range lines {
		if text := escape.Unmarked(line); style.Width > 0 && utf8.RuneCountInString(text) > style.Width {
			lines[i] = term.Shorten(text, style.Width) // without colours
		}
	}
	if style.Height == 0 {
		return append(lines, notes...)
	}
	if room := max(2, style.Height-1-len(notes)); len(lines) > room {
		hidden := f.hidden(len(lines) - room + 1)
		if style.Width > 0 {
			hidden = term.Shorten(hidden, style.Width)
		}
		lines = append(lines[:room-1:room-1], hidden)
	}
	lines = append(lines, notes...)
	return lines[:min(len(lines), max(1, style.Height-1))]
}

// hidden describes the lines for which there is no room.
func (f Watched) hidden(lines int) string {
	if f.Chains {
		return fmt.Sprintf("… %d more lines", lines)
	}
	text, bad := fmt.Sprintf("… %d more", lines), 0
	for _, s := range f.Statuses[max(0, len(f.Statuses)-lines):] {
		if !s.Ready() {
			bad++
		}
	}
	if bad > 0 {
		text += fmt.Sprintf(", %d of them not ready", bad)
	}
	return text
}

// table has a line for each tenant. What is in progress has its timeout, and what has changed its
// earlier state, in columns that are omitted if they are empty.
func (f Watched) table(style term.Style) []string {
	t := term.Table{Columns: append(slices.Clone(tenantColumns),
		term.Column{Heading: "TIMEOUT", Keep: 79}, term.Column{Heading: "CHANGED", Keep: 96, Least: 24})}
	changed := map[string]tenant.Change{}
	for _, c := range f.Changes {
		changed[c.Tenant] = c
	}
	timeouts, earlier := false, false
	for _, s := range f.Statuses {
		cells := append(tenantCells(s, f.Now), timeoutCell(s.Deadline(), f.Now), "")
		c, ok := changed[s.Name]
		if ok {
			cells[0] += changeMark
			cells[len(cells)-1] = earlierState(c)
		}
		timeouts, earlier = timeouts || !s.Deadline().IsZero(), earlier || ok
		t.Rows = append(t.Rows, cells)
	}
	at := len(t.Columns) - 2
	t.Columns[at].WideOnly, t.Columns[at+1].WideOnly = !timeouts, !earlier
	return t.Lines(style, func(column int, cell, padded string) string {
		if column == 0 && strings.HasSuffix(cell, changeMark) {
			return term.Embolden(padded)
		}
		return paintTenant(column, cell, padded)
	})
}

// timeoutCell is when what is in progress times out.
func timeoutCell(deadline, now time.Time) string {
	switch {
	case deadline.IsZero():
		return none
	case now.Before(deadline):
		return "in " + left(deadline, now)
	}
	return age(deadline, now) + " ago"
}

// chains has the whole chain of each tenant.
func (f Watched) chains(style term.Style) []string {
	changed := map[string]map[string]tenant.LinkChange{}
	for _, c := range f.Changes {
		changed[c.Tenant] = map[string]tenant.LinkChange{}
		for _, l := range c.Links {
			changed[c.Tenant][l.Ref.String()] = l
		}
	}
	out := escape.NewStyled(nil)
	for i, s := range f.Statuses {
		if i > 0 {
			fmt.Fprintln(out)
		}
		writeChain(out, s, f.Now, style, func(link tenant.Link, cells []string) []string {
			if !link.Deadline.IsZero() {
				cells[3] = strings.TrimSuffix("timeout "+timeoutCell(link.Deadline, f.Now)+"; "+cells[3], "; ")
			}
			if c, ok := changed[s.Name][link.Ref.String()]; ok {
				cells[1] += changeMark
				cells[3] = strings.TrimSuffix(earlierLink(c)+"; "+cells[3], "; ")
			}
			return cells
		})
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

// earlierLink is the earlier state of an object.
func earlierLink(c tenant.LinkChange) string {
	if c.Before == nil {
		return "new"
	}
	return "was " + string(c.Before.Status)
}

// earlierState is the earlier state of a tenant, in short.
func earlierState(c tenant.Change) string {
	switch {
	case c.Before == nil:
		return "new"
	case c.Before.Verdict.Status != c.After.Verdict.Status:
		return "was " + string(c.Before.Verdict.Status)
	case c.Verdict():
		return "was " + waiting(*c.Before)
	}
	for _, fact := range factChanges(c) {
		return fact.name + " was " + fact.before
	}
	if len(c.Links) == 0 {
		return ""
	}
	for _, l := range c.Links {
		if l.Before != nil {
			return term.Clean(l.Ref.Short()) + " was " + string(l.Before.Status)
		}
	}
	return term.Clean(c.Links[0].Ref.Short()) + " is new"
}

// factChange is a figure of a tenant that differs.
type factChange struct{ name, before, after string }

// factChanges are the figures that differ, if the tenant existed and exists.
func factChanges(c tenant.Change) []factChange {
	if c.Before == nil || c.After == nil {
		return nil
	}
	var changes []factChange
	for _, f := range []struct {
		name string
		of   func(tenant.Status) string
	}{
		{"revision", func(s tenant.Status) string { return revision(s.Revision) }},
		{"layers", layers},
		{"Orthanc", func(s tenant.Status) string { return replicas(s.Orthanc) }},
		{"database", func(s tenant.Status) string { return replicas(s.Database) }},
		{"address", func(s tenant.Status) string { return orNone(s.Addresses) }},
		{"web", func(s tenant.Status) string { return orNone(s.Web.Hosts) }},
		{"DICOM", func(s tenant.Status) string { return dicom(s.DICOM) }},
		{"certificate's end", func(s tenant.Status) string { return moment(s.CertificateEnd) }},
	} {
		if before, after := f.of(*c.Before), f.of(*c.After); before != after {
			changes = append(changes, factChange{f.name, term.Clean(before), term.Clean(after)})
		}
	}
	return changes
}

// moment is a time in UTC, as Kubernetes writes it.
func moment(at time.Time) string {
	if at.IsZero() {
		return none
	}
	return at.UTC().Format(time.RFC3339)
}

// absent is the state of what does not exist.
const absent = "Absent"

// ChangeLines are the changes, one a line, with the time at which they were seen:
//
//	2026-11-30T07:31:12Z bhs: Ready -> Failing: Deployment/orthanc InvalidImageName
//	2026-11-30T07:31:12Z bhs: Orthanc 3/3 -> 2/3
//
// With objects, also those of the chain. In the first look, nothing has an earlier state.
func ChangeLines(changes []tenant.Change, first bool, at time.Time, objects bool) []string {
	var lines []string
	add := func(c tenant.Change, text string) {
		lines = append(lines, moment(at)+" "+term.Clean(c.Tenant+": "+text))
	}
	for _, c := range changes {
		if c.Verdict() {
			before, after := absent, absent
			if c.Before != nil {
				before = string(c.Before.Verdict.Status)
			}
			if c.After != nil {
				after = stateOf(*c.After)
			}
			add(c, transition(before, after, first))
		}
		for _, f := range factChanges(c) {
			add(c, f.name+" "+f.before+" -> "+f.after)
		}
		if objects {
			for _, line := range linkLines(c, first) {
				add(c, line)
			}
		}
	}
	return lines
}

func transition(before, after string, first bool) string {
	if first {
		return after
	}
	return before + " -> " + after
}

// stateOf is a tenant's verdict and what determines it.
func stateOf(s tenant.Status) string {
	text := string(s.Verdict.Status)
	if ref, ok := s.WaitsFor(); ok {
		text += ": " + ref.Short()
		if reason := string(s.Verdict.Reason); reason != string(s.Verdict.Status) {
			text = strings.TrimSpace(text + " " + reason)
		}
	} else if !s.Ready() && s.Verdict.Message != "" {
		text += ": " + s.Verdict.Message
	}
	return text
}

// linkLines are the changes of the objects of a chain; all objects, if the tenant is new.
func linkLines(c tenant.Change, first bool) []string {
	var lines []string
	if c.Before == nil && c.After != nil {
		for i := range c.After.Chain {
			link := &c.After.Chain[i]
			lines = append(lines, link.Ref.Short()+": "+transition(absent, stateOfLink(link), first))
		}
	}
	for _, l := range c.Links {
		before, after := absent, absent
		if l.Before != nil {
			before = string(l.Before.Status)
		}
		if l.After != nil {
			after = stateOfLink(l.After)
		}
		lines = append(lines, l.Ref.Short()+": "+transition(before, after, false))
	}
	return lines
}

func stateOfLink(l *tenant.Link) string {
	if l.Reason == "" || string(l.Reason) == string(l.Status) {
		return string(l.Status)
	}
	return string(l.Status) + ": " + string(l.Reason)
}

// Stale is the note on a state that may be out of date.
func Stale(since, now time.Time, read bool, err error) string {
	if !read {
		return "The cluster can't be read: " + err.Error()
	}
	return fmt.Sprintf("Stale for %s: %v; last read %s", age(since, now), err, since.UTC().Format("15:04:05 UTC"))
}

// Polled is the note on kinds that can't be watched.
func Polled(kinds []string, interval time.Duration) string {
	return fmt.Sprintf("Read every %s, because watching is not permitted: %s", interval, escape.List(kinds))
}
