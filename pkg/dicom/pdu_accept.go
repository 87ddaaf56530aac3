package dicom

import (
	"encoding/binary"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// Peer is the peer's description of itself in its acceptance.
type Peer struct {
	// ImplementationClass is a UID, and VersionName at most 16 characters of printable ASCII;
	// "" if the peer sent none.
	ImplementationClass, VersionName string
	// MaxPDU is the longest P-DATA-TF it accepts (PS3.8 section D.1), 0 for unlimited.
	MaxPDU uint32
}

// Result is the result of one proposed presentation context.
type Result struct {
	ID       byte
	Proposal Proposal
	Result   ContextResult
	// TransferSyntax is the one that the peer chose, "" unless accepted.
	TransferSyntax string
}

// Accepted reports whether the context can be used.
func (r Result) Accepted() bool { return r.Result == Acceptance }

// parseAccept reads the body of an A-ASSOCIATE-AC (PS3.8 section 9.3.3) as the answer to
// the proposals. Items of other types are skipped, as section 9.3.1 requires.
func parseAccept(body []byte, proposals []Proposal) (Peer, []Result, error) {
	// A peer that gives no length sets no limit; every peer accepts 16 KiB.
	peer := Peer{MaxPDU: defaultMaxPDU}
	results := make([]Result, len(proposals))
	for i, p := range proposals {
		results[i] = Result{ID: contextID(i), Proposal: p, Result: NotAnswered}
	}
	const fixed = 68 // version, titles, and what is reserved
	if len(body) < fixed {
		return peer, nil, malformed("sent an A-ASSOCIATE-AC that ends within its fixed part")
	}
	if binary.BigEndian.Uint16(body)&1 == 0 {
		return peer, nil, malformed("accepted without protocol version 1")
	}
	err := eachItem(body[fixed:], "A-ASSOCIATE-AC", func(kind byte, value []byte) error {
		switch kind {
		case itemContextAC:
			return acceptContext(value, results)
		case itemUser:
			return eachItem(value, "user information", peer.learn)
		}
		return nil
	})
	return peer, results, err
}

// eachItem walks items and sub-items, whose heads have the same form.
func eachItem(b []byte, where string, visit func(kind byte, value []byte) error) error {
	for len(b) > 0 {
		if len(b) < 4 || len(b)-4 < int(binary.BigEndian.Uint16(b[2:])) {
			return malformed("sent an item in %s that ends too early", where)
		}
		end := 4 + int(binary.BigEndian.Uint16(b[2:]))
		if err := visit(b[0], b[4:end]); err != nil {
			return err
		}
		b = b[end:]
	}
	return nil
}

// acceptContext reads a presentation context item (PS3.8 table 9-18).
func acceptContext(value []byte, results []Result) error {
	if len(value) < 4 {
		return malformed("answered a presentation context in less than 4 bytes")
	}
	id := value[0]
	if index := int(id) / 2; id%2 == 0 || index >= len(results) {
		return malformed("answered the presentation context %d, which was not proposed", id)
	}
	r := &results[id/2]
	if r.Result != NotAnswered {
		return malformed("answered the presentation context %d twice", id)
	}
	// A transfer syntax is significant only in an accepted one.
	if r.Result = ContextResult(value[2]); !r.Accepted() {
		return nil
	}
	err := eachItem(value[4:], "a presentation context", func(kind byte, value []byte) error {
		if kind == itemTransfer {
			r.TransferSyntax = part10.TrimUID(value)
		}
		return nil
	})
	if err == nil && !slices.Contains(r.Proposal.TransferSyntaxes, r.TransferSyntax) {
		err = malformed("accepted the presentation context %d in the transfer syntax %q, which was not proposed in it",
			id, part10.PrintableUID([]byte(r.TransferSyntax)))
	}
	return err
}

// learn reads a sub-item of the user information (PS3.8 annex D.1, PS3.7
// section D.3.3.2).
func (p *Peer) learn(kind byte, value []byte) error {
	switch kind {
	case itemMaxLength:
		if len(value) != 4 {
			return malformed("sent its maximum PDU length in %d bytes instead of 4", len(value))
		}
		if p.MaxPDU = binary.BigEndian.Uint32(value); p.MaxPDU != 0 && p.MaxPDU < minPDU {
			return malformed("accepts PDUs of at most %d bytes, which are too short for any data", p.MaxPDU)
		}
	case itemImplementation:
		p.ImplementationClass = part10.PrintableUID(value)
	case itemVersionName:
		p.VersionName = part10.Printable(value, 16)
	}
	return nil
}
