package dicom

import "fmt"

// These are the standard's terms for the numbers of PS3.8 section 9.3. A number without a
// term is printed as it is.

func word(words map[byte]string, n byte) string {
	if w, ok := words[n]; ok {
		return w
	}
	return fmt.Sprintf("reserved (%d)", n)
}

// rejectResults and rejectSources are PS3.8 table 9-21's.
var rejectResults = map[byte]string{1: "rejected-permanent", 2: "rejected-transient"}

var rejectSources = map[byte]string{
	1: "DICOM UL service-user",
	2: "DICOM UL service-provider (ACSE related function)",
	3: "DICOM UL service-provider (Presentation related function)",
}

// rejectReasons are by source.
var rejectReasons = map[byte]map[byte]string{
	1: {
		1: "no-reason-given",
		2: "application-context-name-not-supported",
		3: "calling-AE-title-not-recognized",
		7: "called-AE-title-not-recognized",
	},
	2: {1: "no-reason-given", 2: "protocol-version-not-supported"},
	3: {1: "temporary-congestion", 2: "local-limit-exceeded"},
}

// abortSources and abortReasons are PS3.8 table 9-26's.
var abortSources = map[byte]string{0: "DICOM UL service-user", 2: "DICOM UL service-provider"}

var abortReasons = map[byte]string{
	0: "reason-not-specified",
	1: "unrecognized-PDU",
	2: "unexpected-PDU",
	4: "unrecognized-PDU parameter",
	5: "unexpected-PDU parameter",
	6: "invalid-PDU-parameter value",
}

// ContextResult is a peer's answer to one presentation context (PS3.8 table 9-18), or
// NotAnswered.
type ContextResult byte

// The results of PS3.8 table 9-18.
const (
	Acceptance                   ContextResult = 0
	UserRejection                ContextResult = 1
	NoReason                     ContextResult = 2
	AbstractSyntaxNotSupported   ContextResult = 3
	TransferSyntaxesNotSupported ContextResult = 4
	// NotAnswered is not a result of the standard: the peer omitted the context from its
	// answer, which must have a result for each.
	NotAnswered ContextResult = 255
)

var contextResults = map[byte]string{
	0:   "acceptance",
	1:   "user-rejection",
	2:   "no-reason (provider rejection)",
	3:   "abstract-syntax-not-supported (provider rejection)",
	4:   "transfer-syntaxes-not-supported (provider rejection)",
	255: "not answered",
}

// String is the standard's term.
func (r ContextResult) String() string { return word(contextResults, byte(r)) }
