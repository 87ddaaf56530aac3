package snapshot

import (
	"archive/tar"
	"errors"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/decode"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/file"
)

// The limits on numbers are tested where they are held: files that reach them
// would take minutes.
func TestNumbersAreBounded(t *testing.T) {
	doc := decode.Document{Text: []byte(samplePod), File: "x", Gk: schema.GroupKind{Kind: "Pod"}}
	for name, exceed := range map[string]func(over int64) error{
		"objects": func(over int64) error {
			p := decode.StartParsing(decode.FreeMemory)
			defer p.Workers.Wait()
			defer close(p.Queue)
			p.Documents = decode.MaxObjects - 1 + int(over)
			return p.QueueDocument(doc.Text, doc.File, doc.Gk)
		},
		"values": func(over int64) error {
			sum := decode.Sums{MaxMemory: decode.FreeMemory}
			sum.Values.Store(decode.MaxValues - 6 + over) // the pod, its three fields and two of metadata
			_, err := decode.ParseObject(doc, &sum)
			return err
		},
		"memory": func(over int64) error {
			sum := decode.Sums{MaxMemory: 5000}
			sum.Memory.Store(sum.MaxMemory - decode.MemoryOf(map[string]any{
				"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "one", "namespace": "a"},
			}) + over)
			_, err := decode.ParseObject(doc, &sum)
			return err
		},
		"files": func(over int64) error {
			return file.AcceptFile("x", file.Layout{"x": doc.Gk}, map[string]bool{}, decode.MaxEntries+int(over))
		},
	} {
		if err := exceed(0); err != nil {
			t.Errorf("%s: as many as may be: %v", name, err)
		}
		if err := exceed(1); !errors.Is(err, decode.ErrTooLarge) {
			t.Errorf("%s: one too many: %v", name, err)
		}
	}
}

// archive/tar reads files with holes, but writes none.
func TestSparseFilesAreRecognized(t *testing.T) {
	if !file.Sparse(&tar.Header{PAXRecords: map[string]string{"GNU.sparse.major": "1"}}) {
		t.Error("a file with holes passes")
	}
	if file.Sparse(&tar.Header{PAXRecords: map[string]string{"mtime": "1"}}) {
		t.Error("an ordinary file has holes")
	}
}
