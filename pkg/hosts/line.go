package hosts

import (
	"bytes"
	"iter"
	"net/netip"
	"strings"
)

// bom is the byte order mark that editors on Windows write before UTF-8. It is not part of
// any line.
const bom = "\xef\xbb\xbf"

// textLine is a line of the file: its number from 1, its offsets, and its text without the
// newline.
type textLine struct {
	number, start, end int
	text               string
}

func textLines(data []byte) iter.Seq[textLine] {
	return func(yield func(textLine) bool) {
		start, number := len(data)-len(bytes.TrimPrefix(data, []byte(bom))), 0
		for text := range bytes.Lines(data[start:]) {
			number++
			l := textLine{number, start, start + len(text), strings.TrimSuffix(string(text), "\n")}
			if !yield(l) {
				return
			}
			start = l.end
		}
	}
}

// mapping parses a line that maps names: the address as it is written, and the names. Other
// lines have no names. In doubt, it finds a name too many rather than one too few, because
// resolvers differ: some accept "127.1" as an address, and some end a line at a NUL.
func mapping(text string) (addr string, names []string) {
	text, _, _ = strings.Cut(text, "#")
	fields := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\v\f\x00", r) })
	if len(fields) < 2 {
		return "", nil
	}
	_, err := netip.ParseAddr(fields[0])
	if digit := fields[0][0] >= '0' && fields[0][0] <= '9'; err != nil && !digit {
		return "", nil
	}
	return fields[0], fields[1:]
}

// folded is the name as resolvers compare it (RFC 4343), without the root's dot.
func folded(name string) string {
	return strings.TrimSuffix(strings.ToLower(name), ".")
}

// endingOf is the line ending of most lines of the text, "\n" in doubt.
func endingOf(text []byte) string {
	if 2*bytes.Count(text, []byte("\r\n")) > bytes.Count(text, []byte("\n")) {
		return "\r\n"
	}
	return "\n"
}
