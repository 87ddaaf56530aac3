package dicom

import (
	"encoding/binary"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// Item types of A-ASSOCIATE-RQ and -AC (PS3.8 sections 9.3.2 and 9.3.3, annex
// D, and PS3.7 section D.3.3).
const (
	itemApplication    byte = 0x10
	itemContextRQ      byte = 0x20
	itemContextAC      byte = 0x21
	itemAbstract       byte = 0x30
	itemTransfer       byte = 0x40
	itemUser           byte = 0x50
	itemMaxLength      byte = 0x51
	itemImplementation byte = 0x52
	itemVersionName    byte = 0x55
)

// associateRQ is the whole A-ASSOCIATE-RQ for options that were checked. It has no
// asynchronous operations window: without one, both sides perform one operation at a time
// (PS3.7 section D.3.3.3).
func associateRQ(o Options) []byte {
	b := []byte{pduAssociateRQ, 0, 0, 0, 0, 0, 0, 1, 0, 0} // protocol version 1
	b = appendAETitle(b, o.Called)
	b = appendAETitle(b, o.Calling)
	b = append(b, make([]byte, 32)...)
	b = appendText(b, itemApplication, part10.ApplicationContext)
	for i, c := range o.Contexts {
		b = appendItem(b, itemContextRQ, func(b []byte) []byte {
			b = append(b, contextID(i), 0, 0, 0)
			b = appendText(b, itemAbstract, c.AbstractSyntax)
			for _, syntax := range c.TransferSyntaxes {
				b = appendText(b, itemTransfer, syntax)
			}
			return b
		})
	}
	b = appendItem(b, itemUser, func(b []byte) []byte {
		b = append(b, itemMaxLength, 0, 0, 4)
		b = binary.BigEndian.AppendUint32(b, o.MaxPDU)
		b = appendText(b, itemImplementation, part10.ImplementationClassUID)
		return appendText(b, itemVersionName, part10.ImplementationVersionName)
	})
	binary.BigEndian.PutUint32(b[2:], uint32(len(b)-pduHead))
	return b
}

// contextID is the id of the context proposed at an index (PS3.8 table 9-13).
func contextID(index int) byte { return byte(2*index + 1) }

func appendText(b []byte, kind byte, text string) []byte {
	return appendItem(b, kind, func(b []byte) []byte { return append(b, text...) })
}

// appendItem writes an item's head and what fill adds. A length fits two bytes
// for as many transfer syntaxes as there are.
func appendItem(b []byte, kind byte, fill func([]byte) []byte) []byte {
	start := len(b)
	b = fill(append(b, kind, 0, 0, 0))
	binary.BigEndian.PutUint16(b[start+2:], uint16(len(b)-start-4))
	return b
}
