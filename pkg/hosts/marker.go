package hosts

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

const (
	beginMarker = "# BEGIN kubectl-orthweb "
	endMarker   = "# END kubectl-orthweb "
	tenantMark  = "# tenant "
	sumMark     = "# sum "
)

// markerLike are the lines that are markers, or were before they were changed.
var markerLike = regexp.MustCompile(`(?is)^\s*#\s*(?:BEGIN|END)\s+kubectl-orthweb(?:[\s"].*)?$`)

// quoted is the text on one line and in ASCII, whatever it contains.
func quoted(text string) string { return strconv.QuoteToASCII(text) }

// unquoted is the quoted text that follows the mark on a line.
func unquoted(line, mark string) (string, bool) {
	rest, ok := strings.CutPrefix(strings.TrimRight(line, " \t\r"), mark)
	if !ok || !strings.HasPrefix(rest, `"`) {
		return "", false
	}
	text, err := strconv.Unquote(rest)
	return text, err == nil
}

// render is a block of these lines, which are sorted.
func render(id string, lines []Line, ending string) []byte {
	var out []byte
	add := func(parts ...string) {
		for _, part := range parts {
			out = append(out, part...)
		}
		out = append(out, ending...)
	}
	add(beginMarker, quoted(id))
	for i, line := range lines {
		if i == 0 || line.Tenant != lines[i-1].Tenant {
			add(tenantMark, quoted(line.Tenant))
		}
		add(line.text())
	}
	add(sumMark, quoted(sumOf(lines)))
	add(endMarker, quoted(id))
	return out
}

// text is the line as it is written to the file.
func (l Line) text() string { return l.Addr.String() + "\t" + l.Name }

// sumOf is the checksum of a block's lines, so that a line that a user has added is not
// treated as one of these, and deleted with the next change.
func sumOf(lines []Line) string {
	hash := sha256.New()
	for _, line := range lines {
		fmt.Fprintf(hash, "%q %s\n", line.Tenant, line.text()) // writing to a hash never fails
	}
	return hex.EncodeToString(hash.Sum(nil)[:8])
}
