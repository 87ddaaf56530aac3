// Package octets parses the bytes of a protocol or a file from the notation that tests use.
// Only tests import it.
package octets

import (
	"encoding/hex"
	"regexp"
	"strings"
	"testing"
)

var comment = regexp.MustCompile(`(?m)#.*$`)

var quoted = regexp.MustCompile(`'([^']*)'`)

// Parse returns the bytes of hexadecimal digits, blanks, # comments and 'text'. Other text
// fails the test.
func Parse(t testing.TB, text string) []byte {
	t.Helper()
	text = comment.ReplaceAllString(text, "")
	text = quoted.ReplaceAllStringFunc(text, func(s string) string { return hex.EncodeToString([]byte(s[1 : len(s)-1])) })
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatalf("the octets %q: %v", text, err)
	}
	return b
}
