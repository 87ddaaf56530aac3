package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/diff"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

// diffColour are the colours of the actions.
var diffColour = map[diff.Action]escape.Mark{
	diff.Immutable: escape.Red, diff.Rejected: escape.Red, diff.Unknown: escape.Purple, diff.Recreated: escape.Red,
	diff.Pruned: escape.Red, diff.Kept: escape.Yellow, diff.Moved: escape.Yellow, diff.Added: escape.Green, diff.Changed: escape.Cyan,
	diff.Encrypted: escape.Purple,
}

// blocking are the actions because of which Flux can't apply a layer.
var blocking = []diff.Action{diff.Immutable, diff.Rejected}

// Diff prints what a tree would change: first what Flux could not apply, then the layers with
// their objects, and the difference of each object.
func Diff(w io.Writer, r *diff.Report, style term.Style) error {
	out := escape.NewStyled(w)
	p := diffText{explanation{out: out, style: style}}
	if r.Count(diff.Immutable)+r.Count(diff.Rejected) > 0 {
		fmt.Fprintln(out, p.bold("Flux could not apply these objects, nor the rest of their layers:"))
		for _, action := range blocking {
			p.blocking(r, action)
		}
		fmt.Fprintln(out)
	}
	for _, l := range r.Layers {
		p.layer(l)
	}
	return out.Flush()
}

func isBlocking(c diff.Change) bool { return c.Action == blocking[0] || c.Action == blocking[1] }

type diffText struct{ explanation }

// blocking prints the objects of all layers with an action.
func (p diffText) blocking(r *diff.Report, action diff.Action) {
	for _, l := range r.Layers {
		for _, c := range l.Changes {
			if c.Action == action {
				p.change(c, " in layer "+l.Ref.Name)
			}
		}
	}
}

// layer prints a layer, unless nothing of it changes.
func (p diffText) layer(l diff.Layer) {
	if len(l.Changes) == 0 && l.Problem == "" {
		return
	}
	for _, line := range p.style.Wrap(term.Clean(layerHead(l)), "", "    ") {
		fmt.Fprintln(p.out, p.bold(line))
	}
	if l.Problem != "" {
		for _, line := range p.style.Wrap("Not compared: "+term.Clean(l.Problem), "  ", "    ") {
			fmt.Fprintln(p.out, line)
		}
	}
	for _, c := range l.Changes {
		if !isBlocking(c) {
			p.change(c, "")
		}
	}
	fmt.Fprintln(p.out)
	for _, c := range l.Changes {
		if c.Diff != "" {
			p.diff(c.Diff)
			fmt.Fprintln(p.out)
		}
	}
}

// layerHead is a layer with its tenant, path and numbers.
func layerHead(l diff.Layer) string {
	head := "Layer " + l.Ref.Name
	details := []string{l.Path}
	if l.Tenant != "" {
		details = append(details, "tenant "+l.Tenant)
	}
	switch {
	case l.State == diff.New:
		details = append(details, "new")
	case l.State == diff.Removed:
		details = append(details, "removed")
	}
	if l.Suspended {
		details = append(details, "suspended: Flux applies it after it is resumed")
	}
	head += " (" + strings.Join(details, ", ") + ")"
	if counts := diffCounts(l.Count, l.Unchanged, l.Ignored); counts != "" {
		head += ": " + counts
	}
	return head
}

// diffCounts are the numbers of objects by action.
func diffCounts(count func(diff.Action) int, unchanged, ignored int) string {
	var parts []string
	for _, action := range diff.Actions {
		if n := count(action); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, strings.ToLower(string(action))))
		}
	}
	if unchanged > 0 {
		parts = append(parts, fmt.Sprintf("%d unchanged", unchanged))
	}
	if ignored > 0 {
		parts = append(parts, fmt.Sprintf("%d ignored", ignored))
	}
	return strings.Join(parts, ", ")
}

// DiffSummary is the report in a sentence without a period.
func DiffSummary(r *diff.Report) string {
	unchanged, ignored := 0, 0
	for _, l := range r.Layers {
		unchanged, ignored = unchanged+l.Unchanged, ignored+l.Ignored
	}
	counts := diffCounts(r.Count, unchanged, ignored)
	if counts == "" {
		counts = "no objects"
	}
	return counts
}

// change prints an object and what would happen to it.
func (p diffText) change(c diff.Change, where string) {
	const at = 13
	word := string(c.Action)
	first := fmt.Sprintf("  %-*s", at-2, word)
	for i, line := range p.style.Wrap(term.Clean(c.Ref.String()+where+changeReason(c)), first, strings.Repeat(" ", at)) {
		if i == 0 && p.style.Colour {
			line = "  " + string(diffColour[c.Action]) + word + string(escape.Reset) + line[2+len(word):]
		}
		fmt.Fprintln(p.out, line)
	}
	indent := strings.Repeat(" ", at)
	for _, warning := range c.Warnings {
		for _, line := range p.style.Wrap("Warning: "+term.Clean(warning), indent, indent+"  ") {
			fmt.Fprintln(p.out, line)
		}
	}
	for _, line := range places(c) {
		fmt.Fprintln(p.out, indent+term.Clean(line))
	}
}

// maxPlaces is how many changed fields are listed.
const maxPlaces = 8

// places are the lines of the tree that set what changes, with the values of fields that are not
// in a difference.
func places(c diff.Change) []string {
	var lines []string
	for _, f := range c.Fields {
		switch {
		case len(lines) == maxPlaces:
			return append(lines, "…")
		case c.Diff == "" && f.Old+f.New != "":
			lines = append(lines, fieldChange(f))
			if f.At.File != "" {
				lines = append(lines, f.At.String())
			}
		case f.At.File != "":
			lines = append(lines, f.At.String()+": "+f.Path)
		}
	}
	if len(lines) == 0 && c.At.File != "" {
		lines = append(lines, c.At.String())
	}
	return lines
}

// changeReason is the message of a change, with the layer that an object moves to.
func changeReason(c diff.Change) string {
	switch {
	case c.Action == diff.Moved:
		return ": to layer " + c.To.Name
	case c.Message != "":
		return ": " + c.Message
	}
	return ""
}

// maxField is how many characters of a value are shown.
const maxField = 60

func fieldChange(f diff.Field) string {
	short := func(value string) string {
		if value == "" {
			return "(none)"
		}
		return term.Shorten(value, maxField)
	}
	return fmt.Sprintf("%s: %s -> %s", f.Path, short(f.Old), short(f.New))
}

// place is where the tree sets what changes: the only field if there is one, otherwise the object.
func place(c diff.Change) string {
	if len(c.Fields) == 1 && c.Fields[0].At.File != "" {
		return c.Fields[0].At.String()
	}
	return c.At.String()
}

// diff prints a difference with the colours that git uses.
func (p diffText) diff(text string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		shown := escape.Line(line)
		if p.style.Colour {
			shown = paintDiffLine(line, shown)
		}
		fmt.Fprintln(p.out, shown)
	}
}

func paintDiffLine(line, shown string) string {
	colour := escape.Mark("")
	switch {
	case strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "+++ "):
		colour = escape.Bold
	case strings.HasPrefix(line, "-"):
		colour = escape.Red
	case strings.HasPrefix(line, "+"):
		colour = escape.Green
	case strings.HasPrefix(line, "@@"):
		colour = escape.Cyan
	default:
		return shown
	}
	return string(colour) + shown + string(escape.Reset)
}

// DiffNotes are what a report does not contain, one sentence each.
func DiffNotes(r *diff.Report) []string {
	var notes []string
	if r.Releases > 0 {
		notes = append(notes, fmt.Sprintf("Of %s only the HelmRelease object is compared, not what its chart installs.", finding.Count(r.Releases, "Helm release")))
	}
	for _, l := range r.Layers {
		if l.Omitted != "" {
			notes = append(notes, fmt.Sprintf("Layer %s is not compared: %s.", l.Ref.Name, l.Omitted))
		}
	}
	return notes
}
