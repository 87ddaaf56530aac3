package dicom

import (
	"errors"
	"fmt"
	"strings"
)

const aeTitleLength = 16

// CheckAETitle reports whether an Application Entity title may be used: 1 to 16 characters
// of the default character repertoire, without backslash and control characters, and not
// all spaces (PS3.5 table 6.2-1, VR AE). Leading and trailing spaces don't count.
func CheckAETitle(title string) error {
	trimmed := strings.Trim(title, " ")
	if trimmed == "" {
		return errors.New("an AE title must have 1 to 16 characters that aren't all spaces")
	}
	for _, c := range trimmed {
		if c < ' ' || c > '~' || c == '\\' {
			return fmt.Errorf("the AE title %q contains %q: use printable ASCII without backslash", trimmed, c)
		}
	}
	if len(trimmed) > aeTitleLength {
		return fmt.Errorf("the AE title %q has %d characters: at most 16 are allowed", trimmed, len(trimmed))
	}
	return nil
}

// appendAETitle adds the 16 bytes of a title that has been checked, padded with
// spaces (PS3.8 table 9-11).
func appendAETitle(b []byte, title string) []byte {
	return fmt.Appendf(b, "%-16s", strings.Trim(title, " "))
}
