package part10

// Elements builds explicit VR little endian (PS3.5 section 7.1.2).
type Elements []byte

func (b *Elements) head(tag uint32, vr string) {
	*b = Little.AppendUint16(*b, uint16(tag>>16))
	*b = Little.AppendUint16(*b, uint16(tag))
	*b = append(*b, vr...)
}

// Text writes a value of characters, padded to an even length: UIDs with a null,
// others with a space (PS3.5 section 6.2).
func (b *Elements) Text(tag uint32, vr, value string) {
	pad := byte(' ')
	if vr == "UI" {
		pad = 0
	}
	b.head(tag, vr)
	*b = Little.AppendUint16(*b, uint16(len(value)+len(value)%2))
	*b = append(*b, value...)
	if len(value)%2 == 1 {
		*b = append(*b, pad)
	}
}

func (b *Elements) number(tag uint32, value uint16) {
	b.head(tag, "US")
	*b = Little.AppendUint16(*b, 2)
	*b = Little.AppendUint16(*b, value)
}

// long writes a value with a length of four bytes; it has to be even.
func (b *Elements) long(tag uint32, vr string, value []byte) {
	b.head(tag, vr)
	*b = Little.AppendUint32(append(*b, 0, 0), uint32(len(value)))
	*b = append(*b, value...)
}

// FileMeta is a preamble and the File Meta Information (PS3.10 table 7.1-1).
func FileMeta(sopClass, sopInstance, transferSyntax string) []byte {
	var group Elements
	group.long(0x00020001, "OB", []byte{0, 1})
	group.Text(0x00020002, "UI", sopClass)
	group.Text(0x00020003, "UI", sopInstance)
	group.Text(0x00020010, "UI", transferSyntax)
	group.Text(0x00020012, "UI", ImplementationClassUID)
	group.Text(0x00020013, "SH", ImplementationVersionName)
	file := Elements(append(make([]byte, preamble), "DICM"...))
	file.head(0x00020000, "UL")
	file = Little.AppendUint16(file, 4)
	file = Little.AppendUint32(file, uint32(len(group)))
	return append(file, group...)
}
