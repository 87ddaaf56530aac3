package transfer

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestProgressLine(t *testing.T) {
	for _, c := range []struct {
		about          string
		files, bytes   int64
		passed, all    int64
		allBytes       int64
		counted        bool
		after          time.Duration
		line, atTheEnd string
	}{
		{"at first", 0, 0, 0, 12, 1 << 20, false, 0, "0 of at least 12 files, 0 B of 1.0 MiB, 0 files/s, 0 B/s", "0 files stored, 0 B in 0s, 0 files/s, 0 B/s"},
		{"half way by files", 500, 6 << 20, 0, 1000, 8 << 20, true, 10 * time.Second, "500 of 1000 files, 6.0 MiB of 8.0 MiB, 50 files/s, 614.4 KiB/s, 10s left", "500 files stored, 6.0 MiB in 10s, 50 files/s, 614.4 KiB/s"},
		{"one large one under way", 1, 1 << 30, 0, 2, 3 << 30, true, time.Minute, "1 of 2 files, 1.0 GiB of 3.0 GiB, 0 files/s, 17.1 MiB/s, 2m0s left", "1 file stored, 1.0 GiB in 1m0s, 0 files/s, 17.1 MiB/s"},
		{"most were stored before", 10, 1 << 20, 980, 1000, 2 << 20, true, 2 * time.Second, "990 of 1000 files, 1.0 MiB of 2.0 MiB, 5 files/s, 512.0 KiB/s, 2s left", "10 files stored, 1.0 MiB in 2s, 5 files/s, 512.0 KiB/s"},
	} {
		t.Run(c.about, func(t *testing.T) {
			var p pace
			p.files.Store(c.files)
			p.bytes.Store(c.bytes)
			p.passedFiles.Store(c.passed)
			p.allFiles.Store(c.all)
			p.allBytes.Store(c.allBytes)
			p.counted.Store(c.counted)
			if got := p.line(c.after); got != c.line {
				t.Errorf("got  %q\nwant %q", got, c.line)
			}
			if got := p.last(c.after); got != c.atTheEnd {
				t.Errorf("got  %q\nwant %q", got, c.atTheEnd)
			}
		})
	}
}

func TestDraw(t *testing.T) {
	for _, c := range []struct {
		about string
		width int
		want  string
	}{
		{"a file", 0, "0123456789\n"},
		{"a wide terminal", 80, "\r0123456789\x1b[K"},
		{"a narrow terminal", 10, "\r012345678\x1b[K"},
	} {
		var out bytes.Buffer
		if draw(&out, "0123456789", c.width); out.String() != c.want {
			t.Errorf("%s: %q", c.about, out.String())
		}
	}
}

func TestProgressIsShown(t *testing.T) {
	p := (&peer{status: func(uid string) uint16 { return map[bool]uint16{true: 0xA700}[uid == "2.25.2"] }}).listen(t)
	var out bytes.Buffer
	o := to(p, study(t, 3))
	o.Progress = &out
	if _, err := Files(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasPrefix(got, "2 files stored, ") || strings.Count(got, "\n") != 1 {
		t.Errorf("told %q", got)
	}
}
