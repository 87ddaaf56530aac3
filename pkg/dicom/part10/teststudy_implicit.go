package part10

import (
	"encoding/binary"
	"slices"
)

// InImplicitVR is the instance in Implicit VR Little Endian, which every peer accepts
// (PS3.5 section 10.1): the same values without their VRs (section 7.1.3).
func (i TestInstance) InImplicitVR() TestInstance {
	data := i.File[i.DataOffset:]
	var implicit elements
	for len(data) > 0 {
		e, head, ok := parseElement(data, binary.LittleEndian, true)
		if !ok || int(e.length) > len(data)-head {
			panic("a test instance is not in Explicit VR Little Endian") // NewTestStudy made it
		}
		implicit = append(implicit, data[:4]...)
		implicit = binary.LittleEndian.AppendUint32(implicit, e.length)
		implicit = append(implicit, data[head:head+int(e.length)]...)
		data = data[head+int(e.length):]
	}
	meta := fileMeta(i.SOPClass, i.SOPInstance, ImplicitVRLittleEndian)
	i.TransferSyntax, i.DataOffset = ImplicitVRLittleEndian, int64(len(meta))
	i.File = slices.Concat(meta, implicit)
	i.PixelOffset = int64(len(i.File)) - i.PixelLength
	return i
}
