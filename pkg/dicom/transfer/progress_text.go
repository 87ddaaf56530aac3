package transfer

import (
	"fmt"
	"time"
)

// line is the progress after a time.
func (p *pace) line(after time.Duration) string {
	stored, bytes := p.files.Load(), p.bytes.Load()
	doneFiles, doneBytes := stored+p.passedFiles.Load(), bytes+p.passedBytes.Load()
	allFiles, allBytes := p.allFiles.Load(), p.allBytes.Load()
	of, left := "at least ", ""
	if p.counted.Load() {
		of = ""
		if d, ok := remaining(after, stored, bytes, allFiles-doneFiles, allBytes-doneBytes); ok {
			left = ", " + d.String() + " left"
		}
	}
	return fmt.Sprintf("%d of %s%d files, %s of %s, %s%s", doneFiles, of, max(doneFiles, allFiles),
		FormatSize(doneBytes), FormatSize(max(doneBytes, allBytes)), rate(stored, bytes, after), left)
}

// last is the summary.
func (p *pace) last(after time.Duration) string {
	n, bytes := p.files.Load(), p.bytes.Load()
	return fmt.Sprintf("%s stored, %s in %s, %s", fileCount(int(n)), FormatSize(bytes), after.Round(100*time.Millisecond), rate(n, bytes, after))
}

func rate(files, bytes int64, after time.Duration) string {
	seconds := max(after, time.Millisecond).Seconds()
	return fmt.Sprintf("%.0f files/s, %s/s", float64(files)/seconds, FormatSize(int64(float64(bytes)/seconds)))
}

// remaining is the time left. Small files take time per file, large ones per byte: the
// longer of the two counts.
func remaining(after time.Duration, files, bytes, filesLeft, bytesLeft int64) (time.Duration, bool) {
	if files <= 0 || bytes <= 0 || after < time.Second {
		return 0, false
	}
	share := max(float64(filesLeft)/float64(files), float64(bytesLeft)/float64(bytes), 0)
	return time.Duration(share * float64(after)).Round(time.Second), true
}

// FormatSize formats a number of bytes.
func FormatSize(n int64) string {
	const k = 1 << 10
	switch {
	case n < k:
		return fmt.Sprintf("%d B", max(n, 0))
	case n < k*k:
		return fmt.Sprintf("%.1f KiB", float64(n)/k)
	case n < k*k*k:
		return fmt.Sprintf("%.1f MiB", float64(n)/(k*k))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(k*k*k))
}

// fileCount is "1 file", "2 files".
func fileCount(n int) string {
	if n == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", n)
}
