package transfer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestInterruptedTransferResumes cancels a transfer half-way, and resumes it.
func TestInterruptedTransferResumes(t *testing.T) {
	dir := study(t, 50)
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	p := (&peer{holds: func(n int) {
		if n == 20 {
			cancel()
		}
		if n >= 20 {
			<-release
		}
	}}).listen(t)
	o := to(p, dir)
	o.Resume, o.Server = filepath.Join(t.TempDir(), "resume.jsonl"), "bhs"
	began := time.Now()
	first, err := Files(ctx, o)
	took := time.Since(began)
	close(release)
	p.finish(t)
	if p.aborted == 0 || p.aborted != p.associations {
		t.Errorf("%d of %d associations were aborted", p.aborted, p.associations)
	}
	if !errors.Is(err, context.Canceled) || took > 10*time.Second {
		t.Fatalf("ended after %s with %v", took, err)
	}
	if first.Stored != 19 && first.Stored != 18 && first.Stored != 17 || len(first.Failed) == 0 {
		t.Errorf("stored %d, failed %d", first.Stored, len(first.Failed))
	}
	for _, o := range first.Failed {
		if o.Reason != ErrInterrupted.Error() {
			t.Errorf("%s failed because %q", o.Path, o.Reason)
		}
	}
	text, err := os.ReadFile(o.Resume)
	if err != nil || bytes.Count(text, []byte("\n")) != 1+first.Stored || !bytes.HasSuffix(text, []byte("\n")) {
		t.Errorf("the resume file of %d files is %v\n%s", first.Stored, err, text)
	}
	if info, err := os.Stat(o.Resume); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode: %v, %v", info.Mode(), err)
	}
	// A stored file changes meanwhile: only the resume file records which ones were stored, and
	// its first line is not a file.
	var changed resumeLine
	if err := json.Unmarshal(bytes.Split(text, []byte("\n"))[1], &changed); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(changed.Path, later, later); err != nil {
		t.Fatal(err)
	}
	p = (&peer{}).listen(t)
	o.Dial = p.dial
	second, err := Files(t.Context(), o)
	if err != nil || second.Before != first.Stored-1 || second.Stored != 50-second.Before || len(second.Studies["1.2.3"]) != 50 {
		t.Errorf("then stored %d and %d before, %v of a study, %v", second.Stored, second.Before, second.Studies, err)
	}
	if p.stored[changed.Instance] != 1 {
		t.Error("the file that changed was not sent again")
	}
	third, err := Files(t.Context(), o)
	if err != nil || third.Before != 50 || third.Stored != 0 || len(third.Studies["1.2.3"]) != 50 {
		t.Errorf("at last stored %d and %d before, %v", third.Stored, third.Before, err)
	}
}

func TestResumeFilesThatAreRefused(t *testing.T) {
	const head = `{"orthwebResume":1,"server":"bhs"}` + "\n"
	const line = `{"path":"/a","size":1,"mtime":"2026-01-02T03:04:05.6Z","sopInstance":"1.2"}` + "\n"
	for _, c := range []struct {
		about, text string
		// kept is the remaining text, whole or truncated.
		kept  string
		known int
		err   string
	}{
		{"a new one", "", head, 0, ""},
		{"one with files", head + line, head + line, 1, ""},
		{"one cut in a line", head + line + line[:30], head + line, 1, ""},
		{"one cut in its head", head[:9], head, 0, ""},
		{"another server's", strings.Replace(head, "bhs", "mhs", 1) + line, "", 0, "it belongs to mhs, not to bhs"},
		{"a later format's", strings.Replace(head, ":1", ":2", 1), "", 0, "format version 2"},
		{"something else", "name,phone\n", "", 0, "not a resume file"},
		{"something else in one line", "my only copy", "", 0, "not a resume file"},
		{"a damaged line", head + "{}\n" + line, "", 0, "line 2: it is damaged"},
		{"an endless line", head + strings.Repeat("x", 2*maxLine), "", 0, "line 2"},
	} {
		t.Run(c.about, func(t *testing.T) {
			path := write(t, []byte(c.text), t.TempDir(), "resume")
			r, err := openResume(path, "bhs")
			if c.err != "" {
				c.kept = c.text
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("%v, want %q", err, c.err)
				}
			} else if err != nil || len(r.known) != c.known || r.close() != nil {
				t.Errorf("%v", err)
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != c.kept {
				t.Errorf("left %q, %v, want %q", got, err, c.kept)
			}
		})
	}
}

// TestResumeFileThatCannotBeWritten checks that the transfer stops: otherwise stored files
// would not be recorded.
func TestResumeFileThatCannotBeWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resume")
	r, err := openResume(path, "bhs")
	if err != nil {
		t.Fatal(err)
	}
	_ = r.out.Close()
	f := file{path: "/a"}
	deadline := time.Now().Add(5 * time.Second)
	for r.add(f) == nil && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if err := r.close(); err == nil || !strings.Contains(err.Error(), "recording stored files") {
		t.Errorf("%v", err)
	}
}

func FuzzResume(f *testing.F) {
	head := `{"orthwebResume":1,"server":"bhs"}` + "\n"
	f.Add([]byte(head))
	f.Add([]byte(head + `{"path":"/a","size":1,"mtime":"2026-01-02T03:04:05Z","sopInstance":"1.2","study":"1.3"}` + "\n{"))
	f.Add([]byte(`{"orthwebResume":2}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r := &resume{known: map[Digest]resumed{}}
		whole, err := r.read(bytes.NewReader(text), "bhs")
		if whole > int64(len(text)) || err == nil && whole > 0 && text[whole-1] != '\n' {
			t.Errorf("took %d bytes of %d, %v", whole, len(text), err)
		}
		if lines := bytes.Count(text, []byte("\n")); len(r.known) > lines {
			t.Errorf("knows %d files of %d lines", len(r.known), lines)
		}
		if _, again := (&resume{known: map[Digest]resumed{}}).read(bytes.NewReader(text[:whole]), "bhs"); err == nil && again != nil {
			t.Errorf("what was kept is refused: %v", again)
		}
	})
}

func BenchmarkResumeRead(b *testing.B) {
	var text bytes.Buffer
	text.WriteString(`{"orthwebResume":1,"server":"bhs"}` + "\n")
	for i := range 10_000 {
		fmt.Fprintf(&text, `{"path":"/data/%d.dcm","size":8192,"mtime":"2026-01-02T03:04:05Z","sopInstance":"1.2.%d","study":"1.3"}`+"\n", i, i)
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		r := &resume{known: map[Digest]resumed{}}
		if _, err := r.read(bytes.NewReader(text.Bytes()), "bhs"); err != nil {
			b.Fatal(err)
		}
	}
}
