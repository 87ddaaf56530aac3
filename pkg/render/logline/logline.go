// Package logline prints lines of logs: as text with a prefix for each container, as JSON, or as
// they are stored.
package logline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/logs"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

// Line is a line to print. Its texts are already masked.
type Line struct {
	Time                      time.Time
	Source                    logs.Source
	Namespace, Pod, Container string
	// Label is the prefix of the line.
	Label   string
	Level   logs.Level
	Message string
	Fields  []logs.Field
	// Object is the object of the cluster that the line is about, empty if there is none.
	Object string
	// Skipped is how many bytes at the end were not read.
	Skipped int64
	// Raw is the line as it is stored.
	Raw []byte
}

// Format is a format of output.
type Format int

// The formats.
const (
	Text Format = iota
	JSON
	Raw
)

// Printer prints lines. Flush must be called when no further line follows for the moment.
type Printer struct {
	format Format
	style  term.Style
	// times prints the time of each line.
	times bool
	out   *escape.Styled
	exact io.Writer // of Raw
	raw   bytes.Buffer
	width int // of the prefix
}

// New returns a printer to w. exact is the writer of the format Raw.
func New(w, exact io.Writer, format Format, style term.Style, times bool) *Printer {
	return &Printer{format: format, style: style, times: times, out: escape.NewStyled(w), exact: exact}
}

// maxPending is how much text is collected before it is written.
const maxPending = 32 << 10

// Print prints a line.
func (p *Printer) Print(l Line) error {
	switch p.format {
	case JSON:
		if err := p.json(l); err != nil {
			return err
		}
	case Raw:
		p.rawLine(l)
	default:
		p.text(l)
	}
	if p.out.Len()+p.raw.Len() > maxPending {
		return p.Flush()
	}
	return nil
}

// Flush writes what has been printed.
func (p *Printer) Flush() error {
	if p.raw.Len() > 0 {
		_, err := p.exact.Write(p.raw.Bytes())
		p.raw.Reset()
		return err
	}
	return p.out.Flush()
}

const timeFormat = "2006-01-02T15:04:05.000000000Z"

func (p *Printer) rawLine(l Line) {
	if p.times && !l.Time.IsZero() {
		p.raw.WriteString(l.Time.UTC().Format(timeFormat) + " ")
	}
	p.raw.Write(l.Raw)
	p.raw.WriteByte('\n')
}

// text prints a prefix, the level and the message, and the fields that are not in it.
func (p *Printer) text(l Line) {
	var b strings.Builder
	b.WriteString(p.prefix(l.Label))
	if p.times && !l.Time.IsZero() {
		b.WriteString(l.Time.UTC().Format(timeFormat) + " ")
	}
	if l.Level != logs.Unknown {
		b.WriteString(p.paint(levelColours[l.Level], fmt.Sprintf("%-5s ", strings.ToUpper(l.Level.String()))))
	}
	b.WriteString(escape.Line(l.Message))
	if l.Object != "" {
		b.WriteString(" " + escape.Line(l.Object))
	}
	for _, f := range l.Fields {
		if slices.Contains(hidden, f.Key) {
			continue
		}
		if f.Value = changes(f.Value); f.Value != "" {
			b.WriteString(" " + escape.Line(f.Key) + "=" + value(f.Value))
		}
	}
	if l.Skipped > 0 {
		fmt.Fprintf(&b, "… (%d more bytes)", l.Skipped)
	}
	p.out.WriteString(b.String() + "\n")
}

// hidden are the fields that the text omits: they repeat the object, or are of interest to
// developers only.
var hidden = []string{
	"controller", "controllerGroup", "controllerKind", "name", "namespace", "reconcileID", "logger", "caller", "thread", "scope", "stacktrace", "v",
	"Kustomization", "HelmRelease", "GitRepository", "HelmRepository", "HelmChart", "OCIRepository", "Bucket", "ExternalArtifact",
	"resource_name", "resource_namespace", "resource_kind", "resource_version",
}

// changes omits the unchanged objects of what kustomize-controller has applied; empty if there is
// no other.
func changes(text string) string {
	var applied map[string]string
	if !strings.Contains(text, `:"unchanged"`) || json.Unmarshal([]byte(text), &applied) != nil {
		return text
	}
	var changed []string
	for _, name := range slices.Sorted(maps.Keys(applied)) {
		if applied[name] != "unchanged" {
			changed = append(changed, name+" "+applied[name])
		}
	}
	return strings.Join(changed, ", ")
}

// value quotes a text with spaces, as klog does.
func value(text string) string {
	if strings.ContainsAny(text, " \t\n") || text == "" {
		return escape.Line(fmt.Sprintf("%q", text))
	}
	return escape.Line(text)
}

// The least and the greatest width of a prefix.
const (
	minWidth = 12
	maxWidth = 32
)

// prefix is the name of the container, as wide as the longest one so far.
func (p *Printer) prefix(label string) string {
	most := maxWidth
	if p.style.Width > 0 {
		most = max(minWidth, min(most, p.style.Width/3))
	}
	label = middle(escape.Line(label), most)
	n := utf8.RuneCountInString(label)
	p.width = max(p.width, n, min(minWidth, most))
	return p.paint(colourOf(label), label+strings.Repeat(" ", p.width-n)+" │") + " "
}

// middle shortens a text in its middle: names differ at their ends.
func middle(text string, width int) string {
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	tail := width / 2
	return string(runes[:width-tail-1]) + "…" + string(runes[len(runes)-tail:])
}

var levelColours = map[logs.Level]escape.Mark{logs.Error: escape.Red, logs.Warn: escape.Yellow}

// palette are the colours of containers. Red is that of errors.
var palette = []escape.Mark{escape.Cyan, escape.Green, escape.Purple, escape.Blue, escape.Yellow}

// colourOf is the colour of a container, the same in each run.
func colourOf(label string) escape.Mark {
	h := fnv.New32a()
	_, _ = h.Write([]byte(label))
	return palette[h.Sum32()%uint32(len(palette))]
}

func (p *Printer) paint(colour escape.Mark, text string) string {
	if !p.style.Colour || colour == "" {
		return text
	}
	return string(colour) + text + string(escape.Reset)
}

// object is a line as JSON.
type object struct {
	Time      string            `json:"time,omitempty"`
	Source    string            `json:"source"`
	Namespace string            `json:"namespace"`
	Pod       string            `json:"pod"`
	Container string            `json:"container"`
	Level     string            `json:"level,omitempty"`
	Message   string            `json:"message"`
	Object    string            `json:"object,omitempty"`
	Fields    map[string]string `json:"fields,omitempty"`
	Truncated int64             `json:"truncatedBytes,omitempty"`
}

// json prints a line as one JSON object.
func (p *Printer) json(l Line) error {
	o := object{
		Source: string(l.Source), Namespace: l.Namespace, Pod: l.Pod, Container: l.Container,
		Level: l.Level.String(), Message: l.Message, Object: l.Object, Truncated: l.Skipped,
	}
	if !l.Time.IsZero() {
		o.Time = l.Time.UTC().Format(time.RFC3339Nano)
	}
	for _, f := range l.Fields {
		if o.Fields == nil {
			o.Fields = map[string]string{}
		}
		o.Fields[f.Key] = f.Value
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(o); err != nil {
		return err
	}
	p.out.Write(escape.JSON(text.Bytes()))
	return nil
}
