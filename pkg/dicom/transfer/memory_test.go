package transfer

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// large sends pixels of the given size, from a sparse file, and returns how many bytes this
// process, including the peer's end, had from the system before and after.
func large(t testing.TB, pixels uint32) (had, has uint64) {
	head := made(secondary, "2.25.1", part10.ExplicitVRLittleEndian, "1.2.3", 0)
	binary.LittleEndian.PutUint32(head[len(head)-4:], pixels)
	path := write(t, head, t.TempDir(), "large.dcm")
	if err := os.Truncate(path, int64(len(head))+int64(pixels)); err != nil {
		t.Fatal(err)
	}
	p := (&peer{}).listen(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r, err := Files(t.Context(), to(p, path))
	runtime.ReadMemStats(&after)
	if err != nil || r.Stored != 1 || p.bytes["2.25.1"] < int64(pixels) {
		t.Fatalf("stored %d, failed %v, the peer got %d bytes, %v", r.Stored, r.Failed, p.bytes["2.25.1"], err)
	}
	return before.Sys, after.Sys
}

func TestLargeFile(t *testing.T) {
	if had, has := large(t, 256<<20); has-had > 16<<20 {
		t.Errorf("256 MiB took %d MiB of memory", (has-had)>>20)
	}
}

// BenchmarkLargeFile sends two gigabytes.
func BenchmarkLargeFile(b *testing.B) {
	b.SetBytes(2 << 30)
	most := uint64(0)
	for b.Loop() {
		_, has := large(b, 2<<30)
		most = max(most, has)
	}
	if most > 64<<20 {
		b.Errorf("all took %d MiB of memory", most>>20)
	}
	b.ReportMetric(float64(most)/(1<<20), "MiB-of-memory-in-all")
}

// BenchmarkScan scans small files, as before sending.
func BenchmarkScan(b *testing.B) {
	dir := study(b, 1000)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		t := newTransfer(Options{Paths: []string{dir}})
		q := newQueue(ctx, newLimit(t.options))
		go t.scan(ctx, q)
		for range 1000 {
			if _, what := q.take(map[kind]bool{{secondary, part10.ExplicitVRLittleEndian}: true}, time.Minute, false); what != sendFile {
				b.Fatal("too few files")
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "µs/file")
}

// BenchmarkFiles sends small files to a peer that ignores them.
func BenchmarkFiles(b *testing.B) {
	p := (&peer{}).listen(b)
	dir := study(b, 1000)
	for b.Loop() {
		o := to(p, dir)
		o.Concurrency = DefaultConcurrency
		if r, err := Files(b.Context(), o); err != nil || r.Stored != 1000 {
			b.Fatal(err, filepath.Base(dir))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "µs/file")
}
