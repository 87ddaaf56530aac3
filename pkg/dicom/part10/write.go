package part10

import "encoding/binary"

// elements builds explicit VR little endian (PS3.5 section 7.1.2).
type elements []byte

func (b *elements) head(tag uint32, vr string) {
	*b = binary.LittleEndian.AppendUint16(*b, uint16(tag>>16))
	*b = binary.LittleEndian.AppendUint16(*b, uint16(tag))
	*b = append(*b, vr...)
}

// text writes a value of characters, padded to an even length: UIDs with a null,
// others with a space (PS3.5 section 6.2).
func (b *elements) text(tag uint32, vr, value string) {
	pad := byte(' ')
	if vr == "UI" {
		pad = 0
	}
	b.head(tag, vr)
	*b = binary.LittleEndian.AppendUint16(*b, uint16(len(value)+len(value)%2))
	*b = append(*b, value...)
	if len(value)%2 == 1 {
		*b = append(*b, pad)
	}
}

func (b *elements) number(tag uint32, value uint16) {
	b.head(tag, "US")
	*b = binary.LittleEndian.AppendUint16(*b, 2)
	*b = binary.LittleEndian.AppendUint16(*b, value)
}

// long writes a value with a length of four bytes; it has to be even.
func (b *elements) long(tag uint32, vr string, value []byte) {
	b.head(tag, vr)
	*b = binary.LittleEndian.AppendUint32(append(*b, 0, 0), uint32(len(value)))
	*b = append(*b, value...)
}

// fileMeta is a preamble and the File Meta Information (PS3.10 table 7.1-1).
func fileMeta(sopClass, sopInstance, transferSyntax string) []byte {
	var group elements
	group.long(0x00020001, "OB", []byte{0, 1})
	group.text(0x00020002, "UI", sopClass)
	group.text(0x00020003, "UI", sopInstance)
	group.text(0x00020010, "UI", transferSyntax)
	group.text(0x00020012, "UI", ImplementationClassUID)
	group.text(0x00020013, "SH", ImplementationVersionName)
	file := elements(append(make([]byte, preamble), "DICM"...))
	file.head(0x00020000, "UL")
	file = binary.LittleEndian.AppendUint16(file, 4)
	file = binary.LittleEndian.AppendUint32(file, uint32(len(group)))
	return append(file, group...)
}
