package hosts

import (
	"bytes"
	"iter"
	"net/netip"
	"strings"
)

// bom is what Windows' editors put in front of UTF-8. It belongs to no line.
const bom = "\xef\xbb\xbf"

// textLine is a line of the file: its number from 1, where it is, and its text
// without the newline.
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

// mapping reads a line that maps names: the address as it is written, and the
// names. Of other lines there are no names. It rather finds a name too many than
// one too few, as the resolvers differ: some take "127.1" for an address, and some
// end a line at a NUL.
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

// endingOf is how most lines of the text end, "\n" when in doubt.
func endingOf(text []byte) string {
	if 2*bytes.Count(text, []byte("\r\n")) > bytes.Count(text, []byte("\n")) {
		return "\r\n"
	}
	return "\n"
}
