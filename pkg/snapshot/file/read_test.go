package file

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/decode"
)

const (
	sampleIndex = `{"apiVersion": "orthweb.digihunch.com/v1alpha1", "kind": "Snapshot", "at": "2026-05-04T12:30:15Z",
"asked": [{"version": "v1", "kind": "Pod", "resource": "pods"}, {"version": "v1", "kind": "Secret", "resource": "secrets"}]}
`
	samplePod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"one","namespace":"a"}}` + "\n"
)

func indexed(entries ...entry) []entry {
	return append([]entry{{name: indexName, content: sampleIndex}}, entries...)
}

func pods(content string) []entry {
	return indexed(entry{name: "objects/core/pods.jsonl", content: content})
}

func TestReadRefuses(t *testing.T) {
	whole := written(t, sample())
	damagedSum := bytes.Clone(whole)
	damagedSum[len(damagedSum)-6] ^= 1
	pod := entry{name: "objects/core/pods.jsonl", content: samplePod}
	gzipped := func(content []byte) []byte {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		_, _ = w.Write(content)
		_ = w.Close()
		return out.Bytes()
	}
	for name, test := range map[string]struct {
		file    []byte
		want    error
		message string
	}{
		"an empty file":      {nil, decode.ErrNotASnapshot, "empty"},
		"a text":             {[]byte("apiVersion: v1\nkind: Pod\n"), decode.ErrNotASnapshot, "neither gzipped nor"},
		"a gzipped text":     {gzipped([]byte("hello")), decode.ErrNotASnapshot, "no tar"},
		"a long gzip text":   {gzipped(bytes.Repeat([]byte("hello "), 1000)), decode.ErrNotASnapshot, "no tar"},
		"a tar of others":    {pack(t, pod), decode.ErrNotASnapshot, "index.json"},
		"an empty tar":       {pack(t), decode.ErrNotASnapshot, "index.json"},
		"half a file":        {whole[:len(whole)/2], decode.ErrTruncated, "ends unexpectedly"},
		"all but the end":    {whole[:len(whole)-1], decode.ErrTruncated, "ends unexpectedly"},
		"a wrong checksum":   {damagedSum, decode.ErrDamaged, "unpacked"},
		"another kind":       {pack(t, entry{name: indexName, content: `{"apiVersion":"v1","kind":"Pod"}`}), decode.ErrNotASnapshot, `"Pod" of "v1"`},
		"a newer version":    {pack(t, entry{name: indexName, content: `{"apiVersion":"orthweb.digihunch.com/v2","kind":"Snapshot","at":"later"}`}), decode.ErrNewer, "v2"},
		"an index in YAML":   {pack(t, entry{name: "index.yaml", content: "apiVersion: orthweb.digihunch.com/v1alpha1\nkind: Snapshot\n"}, pod), decode.ErrNewer, "it is YAML, this one reads JSON"},
		"an index of no use": {pack(t, entry{name: indexName, content: "{"}), decode.ErrDamaged, "index.json"},
		"paths in the index": {pack(t, entry{name: indexName, content: strings.Replace(sampleIndex, "pods", "../../x", 1)}), decode.ErrDamaged, "../../x"},
		"two indexes":        {pack(t, indexed(entry{name: indexName, content: sampleIndex})...), decode.ErrDamaged, "twice"},
		"a file twice":       {pack(t, indexed(pod, pod)...), decode.ErrDamaged, "twice"},
		"an object twice":    {pack(t, pods(samplePod+samplePod)...), decode.ErrDamaged, "it contains Pod a/one twice"},
		"a path out of it":   {pack(t, indexed(entry{name: "objects/../../x", content: "x"})...), decode.ErrDamaged, "outside the snapshot"},
		"an absolute path":   {pack(t, indexed(entry{name: "/etc/passwd", content: "x"})...), decode.ErrDamaged, "outside the snapshot"},
		"a link":             {pack(t, indexed(entry{name: "x", header: tar.Header{Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}})...), decode.ErrDamaged, "regular"},
		"a device":           {pack(t, indexed(entry{name: "x", header: tar.Header{Typeflag: tar.TypeBlock}})...), decode.ErrDamaged, "regular"},
		"an unknown file":    {pack(t, indexed(entry{name: "objects/core/nodes.jsonl", content: "x"})...), decode.ErrDamaged, "not in the index"},
		"an unknown kind":    {pack(t, pods(`{"apiVersion":"v1","kind":"Node","metadata":{"name":"x"}}`)...), decode.ErrDamaged, "Node"},
		"no kind":            {pack(t, pods(`{"metadata":{"name":"x"}}`)...), decode.ErrDamaged, "without a kind"},
		"no name":            {pack(t, pods(`{"apiVersion":"v1","kind":"Pod","metadata":["x"]}`)...), decode.ErrDamaged, "without a name"},
		"a list":             {pack(t, pods(`["x"]`)...), decode.ErrDamaged, "not a JSON object"},
		"null":               {pack(t, pods("null\n")...), decode.ErrDamaged, "empty"},
		"half an object":     {pack(t, pods(`{"a":{"b"`)...), decode.ErrDamaged, "not a JSON object"},
		"an object in YAML":  {pack(t, pods("apiVersion: v1\nkind: Pod\nmetadata: {name: one}\n")...), decode.ErrDamaged, "not a JSON object"},
		"two in a line":      {pack(t, pods("{} {}")...), decode.ErrDamaged, "not a JSON object"},
		"depth":              {pack(t, pods(samplePod+`{"a":`+strings.Repeat("[", mask.MaxDepth)+strings.Repeat("]", mask.MaxDepth)+"}\n")...), decode.ErrTooLarge, "deep"},
		"great depth":        {pack(t, pods(`{"a":`+strings.Repeat("[", 1<<19))...), decode.ErrDamaged, "not a JSON object"},
		"a large object":     {pack(t, pods(samplePod+`{"a":"`+strings.Repeat("x", decode.MaxObject)+"\"}\n")...), decode.ErrTooLarge, "8 MiB"},
		"a large index":      {pack(t, entry{name: indexName, content: strings.Repeat(" \n", decode.MaxIndex/2+1)}), decode.ErrTooLarge, "16 MiB"},
	} {
		_, err := Read(bytes.NewReader(test.file))
		var own *decode.ReadError
		if !errors.Is(err, test.want) || !errors.As(err, &own) || !strings.Contains(err.Error(), test.message) {
			t.Errorf("%s: %v\nwant %v, %q", name, err, test.want, test.message)
			continue
		}
		_, advice, _ := strings.Cut((&decode.ReadError{Reason: test.want}).Error(), ": ; ")
		if advice == "" || !strings.HasSuffix(err.Error(), advice) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error has no advice, or several lines: %v", name, err)
		}
	}
}

func TestReadBoundsFiles(t *testing.T) {
	accept := func(entries int) error {
		return acceptFile("x", layout{"x": schema.GroupKind{Kind: "Pod"}}, map[string]bool{}, entries)
	}
	if err := accept(decode.MaxEntries); err != nil {
		t.Errorf("as many files as may be: %v", err)
	}
	if err := accept(decode.MaxEntries + 1); !errors.Is(err, decode.ErrTooLarge) {
		t.Errorf("one file too many: %v", err)
	}
}

// TestSparseFilesAreRecognized uses raw headers: archive/tar reads sparse files, but writes
// none.
func TestSparseFilesAreRecognized(t *testing.T) {
	if !sparse(&tar.Header{PAXRecords: map[string]string{"GNU.sparse.major": "1"}}) {
		t.Error("a file with holes passes")
	}
	if sparse(&tar.Header{PAXRecords: map[string]string{"mtime": "1"}}) {
		t.Error("an ordinary file has holes")
	}
}

func TestReadBoundsSizes(t *testing.T) {
	if testing.Short() {
		t.Skip("unpacks more than 128 MiB")
	}
	var bomb bytes.Buffer
	zipped, _ := gzip.NewWriterLevel(&bomb, gzip.BestSpeed)
	files := tar.NewWriter(zipped)
	_ = files.WriteHeader(&tar.Header{Name: indexName, Size: int64(len(sampleIndex)), Typeflag: tar.TypeReg})
	_, _ = files.Write([]byte(sampleIndex))
	_ = files.WriteHeader(&tar.Header{Name: "objects/core/pods.jsonl", Size: 1 << 30, Typeflag: tar.TypeReg})
	block := append(bytes.Repeat([]byte("{}\n"), 1<<20/3), "\n"...)
	for range decode.MaxUnpacked>>20 + 1 {
		_, _ = files.Write(block)
	}
	_ = zipped.Close()
	if _, err := Read(&bomb); !errors.Is(err, decode.ErrTooLarge) || !strings.Contains(err.Error(), "128 MiB") {
		t.Errorf("more than 128 MiB in a small file: %v", err)
	}
}

func TestReadPassesOnTheReadersError(t *testing.T) {
	broken := errors.New("disk on fire")
	whole := written(t, sample())
	for _, from := range []int{0, 5, len(whole) / 2} {
		_, err := Read(&failing{left: whole[:from], err: broken})
		if !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", from, err)
		}
	}
}

type failing struct {
	left []byte
	err  error
}

func (f *failing) Read(p []byte) (int, error) {
	if len(f.left) == 0 {
		return 0, f.err
	}
	n := copy(p, f.left)
	f.left = f.left[n:]
	return n, nil
}

func TestReadByHand(t *testing.T) {
	path := pack(t, append([]entry{{name: "./", header: tar.Header{Typeflag: tar.TypeDir}}},
		entry{name: "./index.json", content: sampleIndex},
		entry{name: "./objects/core/secrets.jsonl", content: "\n" +
			`{"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s", "namespace": "a"}, "data": {"password": "aHVudGVyMg=="}}` + "\r\n\n"},
		entry{name: "./objects/core/pods.jsonl", content: strings.Replace(samplePod, "{", `{"spec": {"count": 1}, `, 1)})...)
	s, err := Read(bytes.NewReader(path))
	if err != nil {
		t.Fatal(err)
	}
	secret := s.Lookup(object.Ref{APIVersion: "v1", Kind: "Secret", Namespace: "a", Name: "s"})
	if secret.Presence != snapshot.Present {
		t.Fatal("the secret is not there")
	}
	if got := secret.Object.Object["data"].(map[string]any)["password"]; got != mask.Redacted {
		t.Errorf("a secret in a file made by hand is read as it is: %v", got)
	}
	pod := s.Lookup(object.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "a", Name: "one"})
	if n := pod.Object.Object["spec"].(map[string]any)["count"]; n != int64(1) {
		t.Errorf("count is a %T", n)
	}
}

// FuzzRead packs the fuzzer's input, which would never have a valid checksum otherwise.
func FuzzRead(f *testing.F) {
	f.Add([]byte(sampleIndex), []byte(samplePod))
	f.Add([]byte(sampleIndex), []byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"}}`))
	f.Add([]byte(`{"apiVersion":"orthweb.digihunch.com/v1alpha1","kind":"Snapshot","asked":[{"kind":"X"},1]}`), []byte("\n{}\nnull\n"))
	f.Fuzz(func(t *testing.T, index, objects []byte) {
		_, _ = Read(bytes.NewReader(index))
		s, err := Read(bytes.NewReader(pack(t, entry{name: indexName, content: string(index)},
			entry{name: "objects/core/pods.jsonl", content: string(objects)})))
		if err != nil {
			return
		}
		again, err := Read(bytes.NewReader(written(t, s)))
		if err != nil {
			t.Fatalf("what was read can't be read again: %v", err)
		}
		if !bytes.Equal(written(t, s), written(t, again)) {
			t.Error("what was read is not written as it was")
		}
	})
}
