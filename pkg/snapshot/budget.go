package snapshot

import "io"

// budget counts what has been read of all files of a command together.
type budget struct {
	bytes   int64
	objects int
	values  int64
	memory  int64
}

// freeMemory is what objects may take in memory whatever the size of their files; see
// memoryOf. Beyond, it is limited by that size.
const (
	freeMemory     = 64 << 20
	memoryPerBytes = 5
)

// reader counts what is read, and ends with an error when it is too much.
func (b *budget) reader(from io.Reader) io.Reader { return budgetReader{b, from} }

type budgetReader struct {
	budget *budget
	from   io.Reader
}

func (r budgetReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if r.budget.bytes += int64(n); r.budget.bytes > maxPrinted {
		return 0, tooLarge("the files have more than %d MiB", maxPrinted>>20)
	}
	return n, err
}

// take counts an object that lies at a depth in its file.
func (b *budget) take(value any, depth int, file string) error {
	values, ok := measure(value, depth)
	b.objects++
	b.values += values
	b.memory += memoryOf(value)
	switch {
	case !ok:
		return tooLarge("%s has an object that is more than %d levels deep", file, maxDepth)
	case b.objects > maxObjects:
		return tooLarge("the files have more than %d objects", maxObjects)
	case b.values > maxValues:
		return tooLarge("the objects have more than %d values", maxValues)
	case b.memory > freeMemory+memoryPerBytes*b.bytes:
		return tooLarge("%s has so many small values that they take more than %d times the room of the file", file, memoryPerBytes)
	}
	return nil
}

// memoryOf is about how many bytes a decoded value takes: what Go 1.26 allocates for
// maps (groups of eight slots, doubled as they fill), interfaces and strings.
func memoryOf(value any) int64 {
	const slots, slot, mapHeader, word = 8, 32, 56, 16
	switch v := value.(type) {
	case map[string]any:
		room := int64(slots)
		for int64(len(v))*8 > room*7 && len(v) > slots {
			room *= 2
		}
		sum := mapHeader + room*slot
		for key, inner := range v {
			sum += int64(len(key)) + memoryOf(inner)
		}
		return sum
	case []any:
		sum := int64(24 + word*cap(v))
		for _, inner := range v {
			sum += memoryOf(inner)
		}
		return sum
	case string:
		return word + int64(len(v))
	}
	return word / 2
}
