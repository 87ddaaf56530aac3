package dicom

import "fmt"

// Status is the outcome of an operation as the peer gave it (PS3.7 annex C).
type Status struct {
	// Code is the value of Status (0000,0900).
	Code uint16
	// Comment is the peer's Error Comment (0000,0902), "" without one. Other
	// characters than printable ASCII are question marks.
	Comment string
}

// statusWords are those of PS3.7 annex C and PS3.4 table B.2-1.
var statusWords = map[uint16]string{
	0x0000: "success",
	0x0001: "warning: requested optional attributes are not supported",
	0x0105: "no such attribute",
	0x0106: "invalid attribute value",
	0x0107: "warning: attribute list error",
	0x0110: "processing failure",
	0x0111: "duplicate SOP instance",
	0x0112: "no such SOP instance",
	0x0113: "no such event type",
	0x0114: "no such argument",
	0x0115: "invalid argument value",
	0x0116: "warning: attribute value out of range",
	0x0117: "invalid SOP instance",
	0x0118: "no such SOP class",
	0x0119: "class-instance conflict",
	0x0120: "missing attribute",
	0x0121: "missing attribute value",
	0x0122: "refused: SOP class not supported",
	0x0123: "no such action type",
	0x0124: "refused: not authorized",
	0x0210: "duplicate invocation",
	0x0211: "unrecognized operation",
	0x0212: "mistyped argument",
	0x0213: "resource limitation",
	0xB000: "warning: coercion of data elements",
	0xB006: "warning: elements discarded",
	0xB007: "warning: data set does not match SOP class",
	0xFE00: "cancelled",
	0xFF00: "pending",
	0xFF01: "pending",
}

// Success reports whether the operation was done as asked.
func (s Status) Success() bool { return s.Code == 0 }

// Warning reports whether the operation was done, with a reservation (PS3.7 annex C).
func (s Status) Warning() bool {
	return s.Code == 1 || s.Code == 0x0107 || s.Code == 0x0116 || s.Code>>12 == 0xB
}

// String has the standard's words, the code in hexadecimal, and the comment.
func (s Status) String() string {
	words := s.words()
	if s.Comment != "" {
		return fmt.Sprintf("%s (status %04X, %q)", words, s.Code, s.Comment)
	}
	return fmt.Sprintf("%s (status %04X)", words, s.Code)
}

func (s Status) words() string {
	if words, ok := statusWords[s.Code]; ok {
		return words
	}
	switch {
	case s.Code>>8 == 0xA7:
		return "refused: out of resources"
	case s.Code>>8 == 0xA9:
		return "error: data set does not match SOP class"
	case s.Code>>12 == 0xC:
		return "error: cannot understand"
	case s.Code>>12 == 0xB:
		return "a warning that the peer defines"
	}
	return "a status that the standard does not define here"
}
