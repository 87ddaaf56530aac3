// Package main draws the output of the program as an SVG, for the README and the documentation:
// real output, for recorded clusters.
//
//	go run ./internal/screen >docs/screen.svg
//	go run ./internal/screen ui >docs/ui.svg
package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/pkg/plugin"
)

// columns is the width of the terminal in the drawing.
const columns = 100

// commands are the commands in the drawing.
var commands = []string{
	"status --from=example:failing",
	"explain bhs --from=example:failing",
}

func main() {
	runPlugin()
	drawing := draw
	if len(os.Args) > 1 && os.Args[1] == "ui" {
		drawing = drawUI
	}
	if err := drawing(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "drawing the screen:", err)
		os.Exit(1)
	}
}

func draw(w io.Writer) error {
	text, err := typed()
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, svg("kubectl orthweb status and explain", columns, strings.Split(strings.TrimRight(text, "\n"), "\n")))
	return err
}

// typed returns the output of the commands as a terminal shows it. The flag that reads a
// recording is omitted, because a user would read the cluster.
func typed() (string, error) {
	for name, value := range map[string]string{"CLICOLOR_FORCE": "1", "COLUMNS": fmt.Sprint(columns), "NO_COLOR": "", "TERM": "xterm"} {
		if err := os.Setenv(name, value); err != nil {
			return "", err
		}
	}
	var screen bytes.Buffer
	for i, command := range commands {
		if i > 0 {
			screen.WriteByte('\n')
		}
		var out bytes.Buffer
		streams := genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &out}
		if code := plugin.Run(context.Background(), append([]string{""}, strings.Fields(command)...), streams); code > 1 {
			return "", fmt.Errorf("%s: exit status %d: %s", command, code, &out)
		}
		from := " --from=example:failing"
		fmt.Fprintf(&screen, "\x1b[1m$ kubectl orthweb %s\x1b[0m\n", strings.TrimSuffix(command, from))
		screen.WriteString(strings.ReplaceAll(out.String(), from, ""))
	}
	return screen.String(), nil
}

// These are the dimensions of a character, in pixels, and the margin around the text.
const (
	charWidth, lineHeight = 8.4, 18
	margin                = 16
)

// svg draws lines with ANSI colours. Each piece of one style has an explicit position, so that
// columns align with any font.
func svg(title string, columns int, lines []string) string {
	var b strings.Builder
	width, height := 2*margin+int(float64(columns)*charWidth), 2*margin+len(lines)*lineHeight
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="%s">`+"\n", width, height, width, height, title)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="8" fill="%s"/>`+"\n", background)
	fmt.Fprintf(&b, `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="14" fill="%s">`+"\n", foreground)
	var s style
	for i, line := range lines {
		y, column := margin+(i+1)*lineHeight-4, 0
		for j, piece := range strings.Split(line, "\x1b[") {
			if j > 0 { // it begins with codes
				codes, rest, _ := strings.Cut(piece, "m")
				s, piece = s.after(codes), rest
			}
			n := utf8.RuneCountInString(piece)
			x := margin + float64(column)*charWidth
			if s.reverse {
				fmt.Fprintf(&b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", x, y-lineHeight+4, float64(n)*charWidth, lineHeight, foreground)
			}
			if strings.TrimSpace(piece) != "" {
				fmt.Fprintf(&b, `<text x="%.1f" y="%d" textLength="%.1f" xml:space="preserve"%s>%s</text>`+"\n",
					x, y, float64(n)*charWidth, s.attributes(), escape(piece))
			}
			column += n
		}
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

// The colours of the terminal that is drawn.
const background, foreground = "#1b1f24", "#d0d7de"

// fills are the colours for the codes that the program uses.
var fills = map[string]string{"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "35": "#d2a8ff", "36": "#76e3ea"}

// style is how a piece of text looks.
type style struct {
	fill          string
	bold, reverse bool
}

// after is the style after an SGR sequence with these codes (ECMA-48, 8.3.117).
func (s style) after(codes string) style {
	for code := range strings.SplitSeq(codes, ";") {
		switch code {
		case "", "0":
			s = style{}
		case "1":
			s.bold = true
		case "7":
			s.reverse = true
		case "39":
			s.fill = ""
		default:
			s.fill = fills[code]
		}
	}
	return s
}

func (s style) attributes() string {
	text := ""
	if s.bold {
		text = ` font-weight="bold"`
	}
	if fill := s.fill; s.reverse {
		text += ` fill="` + background + `"`
	} else if fill != "" {
		text += ` fill="` + fill + `"`
	}
	return text
}

func escape(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a buffer accepts all writes
	return b.String()
}
