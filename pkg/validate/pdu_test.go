package validate

import "encoding/binary"

var (
	network = binary.BigEndian
	little  = binary.LittleEndian
)

func items(b []byte, each func(kind byte, value []byte)) {
	for len(b) >= 4 {
		end := 4 + int(network.Uint16(b[2:]))
		each(b[0], b[4:end])
		b = b[end:]
	}
}

func item(kind byte, value []byte) []byte {
	return append([]byte{kind, 0, byte(len(value) >> 8), byte(len(value))}, value...)
}

// collect adds a PDU's values to a message, and reports whether it is complete.
func collect(body, command, data []byte) ([]byte, []byte, bool) {
	whole := false
	for len(body) > 6 {
		end := 4 + int(network.Uint32(body))
		control, value := body[5], body[6:end]
		if control&1 != 0 {
			command = append(command, value...)
			whole = control&2 != 0 && element(command, 0x0800) == 0x0101 // no data set
		} else {
			data = append(data, value...)
			whole = control&2 != 0
		}
		body = body[end:]
	}
	return command, data, whole
}

// element is a number of a command set (PS3.7 section 6.3.1).
func element(command []byte, wanted uint16) uint16 {
	value := raw(command, wanted)
	if len(value) < 2 {
		return 0
	}
	return little.Uint16(value)
}

func raw(command []byte, wanted uint16) []byte {
	for b := command; len(b) >= 8; {
		end := 8 + int(little.Uint32(b[4:]))
		if little.Uint16(b[2:]) == wanted {
			return b[8:end]
		}
		b = b[end:]
	}
	return nil
}
