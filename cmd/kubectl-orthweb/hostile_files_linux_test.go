package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/digihunch/kubectl-orthweb/internal/reliability"
	"github.com/digihunch/kubectl-orthweb/internal/resident"
)

const mebibyte = 1 << 20

// These are the limits of pkg/snapshot, and of the memory of the process: 1.5 times the limit
// when it refuses a file, 8 times the size of a file that it accepts.
const (
	packedBound   = 64 * mebibyte
	unpackedBound = 256 * mebibyte
)

// hostileFile is a file, or the content of a pipe.
type hostileFile struct {
	about string
	// write writes the file. If write is nil, the program reads path.
	write func(io.Writer) error
	path  string
	// pipe sends the content to standard input instead of a file.
	pipe bool
	// bound is the number of bytes after which the input is refused; 0 if it is accepted.
	bound int64
	// size is the size of an accepted input that comes from a pipe.
	size    int64
	message string
}

// TestHostileFiles checks that the program limits the memory it uses for malicious files.
func TestHostileFiles(t *testing.T) {
	program := buildProgram(t)
	base := memoryOf(t, program, nil, "status", "--from=example:healthy").peak
	var rows []reliability.Row
	for _, f := range hostileFiles(t) {
		row := reliability.Row{Tried: f.about, Times: 1, Promise: "refused before 1.5 times the limit is in memory"}
		if f.bound == 0 {
			row.Promise = "read, in at most 8 times its size"
		}
		if t.Run(f.about, func(t *testing.T) { f.try(t, program, base) }) {
			row.Held++
		}
		rows = append(rows, row)
	}
	reliability.Report(t, "files", rows)
}

func (f hostileFile) try(t *testing.T, program string, base int64) {
	path, size := f.path, int64(0)
	var stdin io.Reader
	if f.pipe {
		path = "-"
		size = f.size
		read, write := io.Pipe()
		go func() { _ = write.CloseWithError(f.write(write)) }()
		t.Cleanup(func() { _ = read.Close() })
		stdin = read
	} else if f.write != nil {
		path = filepath.Join(t.TempDir(), "file.json")
		size = saveTo(t, path, f.write)
	}
	got := memoryOf(t, program, stdin, "status", "--from="+path)
	// The Go garbage collector keeps some of the memory that the program has already released.
	const slack = 48 * mebibyte
	allowed := base + max(slack, f.bound*3/2)
	if f.bound == 0 {
		allowed = base + 8*size
	}
	t.Logf("%d MiB above the program's own, %d MiB allowed", (got.peak-base)/mebibyte, (allowed-base)/mebibyte)
	if got.peak > allowed {
		t.Errorf("it takes %d MiB, and may take %d MiB", got.peak/mebibyte, allowed/mebibyte)
	}
	switch {
	case f.bound == 0 && got.code > 1:
		t.Errorf("exit status %d: %s", got.code, got.output)
	case f.bound > 0 && (got.code != 2 || !strings.Contains(got.output, f.message)):
		t.Errorf("exit status %d, want 2 and %q: %s", got.code, f.message, got.output)
	}
}

// hostileFiles are the cases of TestHostileFiles. The limits are those of
// pkg/snapshot/limits.go.
func hostileFiles(t *testing.T) []hostileFile {
	list := func(items func(io.Writer) error) func(io.Writer) error {
		return func(w io.Writer) error {
			_, err := io.WriteString(w, `{"kind":"List","apiVersion":"v1","items":[`)
			return errors.Join(err, items(w))
		}
	}
	repeated := func(text string, total int64) func(io.Writer) error {
		return func(w io.Writer) error {
			block := []byte(strings.Repeat(text, 1+mebibyte/len(text)))
			for left := total; left > 0; left -= int64(len(block)) {
				if _, err := w.Write(block); err != nil {
					return err
				}
			}
			return nil
		}
	}
	const endless = 1 << 40
	pod := `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","namespace":"d"},"spec":{"nodeName":"` + strings.Repeat("z", 200) + `"}},`
	fifo := filepath.Join(t.TempDir(), "socket")
	if err := unix.Mknod(fifo, unix.S_IFSOCK|0o600, 0); err != nil {
		t.Fatal(err)
	}
	return []hostileFile{
		{about: "/dev/zero", path: "/dev/zero", bound: packedBound, message: "this is not a snapshot"},
		{about: "/dev/urandom", path: "/dev/urandom", bound: packedBound, message: "error:"},
		{about: "a socket", path: fifo, bound: mebibyte, message: "error:"},
		{about: "a file of its own process", path: "/proc/self/mem", bound: mebibyte, message: "error:"},
		{about: "a List without end, from a pipe", write: list(repeated(pod, endless)), pipe: true, bound: unpackedBound, message: "more than 256 MiB"},
		{about: "a List that is too long, in a file", write: list(repeated(pod, unpackedBound+mebibyte)), bound: unpackedBound, message: "more than 256 MiB"},
		{about: "documents without end, from a pipe", write: repeated("---\nkind: Pod\napiVersion: v1\nmetadata: {name: x}\n", endless), pipe: true, bound: unpackedBound, message: "more than 256 MiB"},
		{about: "one object without end, from a pipe", write: repeated(`{"kind":"Pod","apiVersion":"v1","a":"`+strings.Repeat("z", mebibyte), endless), pipe: true, bound: unpackedBound, message: "more than 256 MiB"},
		{about: "one object that is too large", write: repeated(`{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x"},"a":"`+strings.Repeat("z", mebibyte), 40*mebibyte), bound: 40 * mebibyte, message: "larger than 8 MiB"},
		{about: "lists in lists in lists, in JSON", write: list(repeated("[", mebibyte)), bound: packedBound, message: "levels deep"},
		{about: "lists in lists in lists, in YAML", write: repeated("kind: apiVersion\nitems:\n- "+strings.Repeat("- ", mebibyte), 1), bound: unpackedBound, message: "error:"},
		{about: "millions of empty objects", write: list(repeated(`{"kind":"Pod","metadata":{"name":"x"},"a":[{},{},{},{},{},{},{},{},{},{},{},{}]},`, 100*mebibyte)), bound: unpackedBound, message: "small values"},
		{about: "one object of a million values", write: list(repeated(`{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x"},"a":[`+strings.Repeat(`{"a":1},`, mebibyte/2)+`{}]},`, 60*mebibyte)), bound: unpackedBound, message: "small values"},
		{about: "one object of millions of values, in YAML", write: repeated("kind: Pod\napiVersion: v1\nmetadata: {name: x}\nspec: ["+strings.Repeat("0,", 4*mebibyte-100)+"0]\n", 1), bound: packedBound, message: "values in YAML"},
		{about: "aliases that multiply", write: repeated("kind: apiVersion\na: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b]\n", 1), bound: packedBound, message: "anchor"},
		{about: "a gzip bomb", write: zipped(repeated("\x00", 1<<30)), bound: unpackedBound / 2, message: "unpacks to more than 128 MiB"},
		{about: "a gzip bomb of whole objects", write: snapshotBomb(400 * mebibyte), bound: unpackedBound / 2, message: "unpacks to more than 128 MiB"},
		{about: "a snapshot that is too large", write: repeated("\x1f\x8b\x08\x00\x00\x00\x00\x00", 80*mebibyte), bound: packedBound, message: "larger than 64 MiB"},
		{about: "invalid UTF-16", write: repeated("\xff\xfe\x00\xd8\x00\xd8", mebibyte), bound: packedBound, message: "error:"},
		{about: "a List of 40 MiB, in JSON", write: repeatedExample(t, 40*mebibyte)},
		{about: "a List of 40 MiB, from a pipe", write: repeatedExample(t, 40*mebibyte), pipe: true, size: 40 * mebibyte},
	}
}

// repeatedExample repeats the recorded cluster under other names.
func repeatedExample(t *testing.T, size int) func(io.Writer) error {
	var texts []string
	for _, obj := range healthyCluster(t).objects {
		text, err := obj.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, strings.Replace(strings.TrimSpace(string(text)), `"name":"`+obj.GetName()+`"`, `"name":"`+obj.GetName()+`-%d"`, 1))
	}
	return func(w io.Writer) error {
		written, _ := io.WriteString(w, `{"kind":"List","apiVersion":"v1","items":[`)
		separator := ""
		for round := 0; written < size; round++ {
			for _, text := range texts {
				n, err := io.WriteString(w, separator+strings.Replace(text, "-%d", fmt.Sprintf("-%d", round), 1))
				if err != nil {
					return err
				}
				written, separator = written+n, ","
			}
		}
		_, err := io.WriteString(w, "]}")
		return err
	}
}

func zipped(write func(io.Writer) error) func(io.Writer) error {
	return func(w io.Writer) error {
		z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
		if err != nil {
			return err
		}
		return errors.Join(write(z), z.Close())
	}
}

// snapshotBomb is a snapshot with one object repeated count times.
func snapshotBomb(size int64) func(io.Writer) error {
	const index = "apiVersion: orthweb.digihunch.com/v1alpha1\nkind: Snapshot\nat: \"2026-05-04T12:30:15Z\"\nasked:\n- {version: v1, kind: Pod, resource: pods}\n"
	const pod = "---\n{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"x\",\"namespace\":\"a\"},\"spec\":{\"nodeName\":\"n\"}}\n"
	return zipped(func(w io.Writer) error {
		files := tar.NewWriter(w)
		count := size / int64(len(pod))
		err := errors.Join(
			files.WriteHeader(&tar.Header{Name: "index.yaml", Mode: 0o644, Size: int64(len(index)), Typeflag: tar.TypeReg}),
			writeText(files, index, 1),
			files.WriteHeader(&tar.Header{Name: "objects/core/pods.yaml", Mode: 0o644, Size: count * int64(len(pod)), Typeflag: tar.TypeReg}),
			writeText(files, pod, count),
		)
		return errors.Join(err, files.Close())
	})
}

func writeText(w io.Writer, text string, times int64) error {
	for range times {
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
	return nil
}

func saveTo(t *testing.T, path string, write func(io.Writer) error) (size int64) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(write(file), file.Close()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

var built struct {
	sync.Once
	dir   string
	meter resident.Meter
	err   error
}

// buildProgram builds the program as it is released: the race detector multiplies the memory
// use.
func buildProgram(t *testing.T) string {
	t.Helper()
	built.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "orthweb-"); built.err != nil {
			return
		}
		cmd := exec.Command("go", "build", "-o", filepath.Join(built.dir, "kubectl-orthweb"), ".")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath -buildvcs=false")
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
			return
		}
		built.meter, built.err = resident.NewMeter(built.dir)
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, "kubectl-orthweb")
}

// outcome is the result of a run of the program.
type outcome struct {
	code   int
	output string
	// peak is the maximum resident memory, in bytes.
	peak int64
}

// memoryOf runs the program until it exits.
func memoryOf(t *testing.T, program string, stdin io.Reader, args ...string) outcome {
	t.Helper()
	var out bytes.Buffer
	report := filepath.Join(t.TempDir(), "report")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := built.meter.Command(ctx, report, program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &out
	cmd.Env = append(os.Environ(), "KUBECONFIG=none")
	cmd.WaitDelay = time.Second
	_ = cmd.Run() // the program does not read all of the input
	text := out.String()
	peak, err := resident.Peak(report)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return outcome{code: cmd.ProcessState.ExitCode(), output: text[:min(len(text), 2000)], peak: peak}
}
