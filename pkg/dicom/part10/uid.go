package part10

import (
	"fmt"
	"io"
	"math/big"
	"strings"
)

// ImplementationClassUID names this implementation to peers (PS3.7 section D.3.3.2). It is
// the UUID 72d05a1a-32e1-4023-b7f9-de502593d81d, which was generated once for this program,
// as a UID (PS3.5 section B.2).
const ImplementationClassUID = "2.25.152613816758598769369807643444822399005"

// ImplementationVersionName goes with ImplementationClassUID.
const ImplementationVersionName = "ORTHWEB"

// SOP classes that this package itself uses (PS3.6 table A-1).
const (
	Verification            = "1.2.840.10008.1.1"
	SecondaryCaptureStorage = "1.2.840.10008.5.1.4.1.1.7"
	mediaStorageDirectory   = "1.2.840.10008.1.3.10"
)

// ApplicationContext is the name of DICOM's application context (PS3.7 section A.2.1).
const ApplicationContext = "1.2.840.10008.3.1.1.1"

const maxUID = 64 // PS3.5 section 9.1

// CheckUID checks the length and the characters of a UID. Leading zeros of a component
// break the standard as well, but files with them exist, and most servers store them.
func CheckUID(uid string) error {
	if uid == "" || len(uid) > maxUID || strings.Trim(uid, "0123456789.") != "" {
		return fmt.Errorf("%q is not a UID: 1 to 64 digits and dots are required", uid)
	}
	return nil
}

// sendableUID checks that a command can carry a UID and an answer can repeat it: peers also
// store invalid UIDs.
func sendableUID(uid string) error {
	if len(uid) > maxUID || strings.Trim(Printable([]byte(uid), maxUID), " ") != uid {
		return fmt.Errorf("%q has more than %d characters, or characters other than letters and digits", uid, maxUID)
	}
	return nil
}

// newUID generates a random UUID (version 4, RFC 9562) as a UID (PS3.5 section B.2).
func newUID(random io.Reader) string {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		panic(err) // a generator in memory doesn't fail
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return "2.25." + new(big.Int).SetBytes(b[:]).String()
}

// TrimUID removes the padding of PS3.5 section 9.1, and the spaces that some implementations
// pad with.
func TrimUID(b []byte) string { return strings.TrimRight(string(b), "\x00 ") }

// Printable is a text of a peer or a file, safe for a terminal and a log.
func Printable(b []byte, most int) string {
	s := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, string(b[:min(len(b), most)]))
	return strings.Trim(s, " ")
}

// PrintableUID is a UID of a peer or a file, without padding, safe for a terminal and a log.
func PrintableUID(b []byte) string { return Printable([]byte(TrimUID(b)), maxUID) }
