package reliability

import (
	"bytes"
	"math/rand/v2"
)

// Mutate changes a copy of the data in one to four places, and keeps its length similar.
func Mutate(random *rand.Rand, data []byte) []byte {
	data = bytes.Clone(data)
	for range 1 + random.IntN(4) {
		if len(data) == 0 {
			return data
		}
		at := random.IntN(len(data))
		end := min(len(data), at+1+random.IntN(16))
		switch random.IntN(6) {
		case 0:
			data[at] ^= 1 << random.IntN(8)
		case 1:
			data[at] = []byte{0, 0x1b, '\n', '\r', 0x7f, 0x80, 0x9b, 0xff}[random.IntN(8)]
		case 2:
			data = append(data[:at], data[end:]...)
		case 3:
			data = append(data[:end], data[at:]...)
		case 4:
			data = data[:at]
		case 5:
			copy(data[at:], data[random.IntN(len(data)):])
		}
	}
	return data
}
