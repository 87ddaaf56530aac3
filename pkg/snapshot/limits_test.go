package snapshot

import (
	"archive/tar"
	"errors"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// The limits on numbers are tested where they are held: files that reach them
// would take minutes.
func TestNumbersAreBounded(t *testing.T) {
	doc := document{text: []byte(samplePod), file: "x", gk: schema.GroupKind{Kind: "Pod"}}
	for name, exceed := range map[string]func(over int64) error{
		"objects": func(over int64) error {
			p := startParsing(freeMemory)
			defer p.workers.Wait()
			defer close(p.queue)
			p.documents = maxObjects - 1 + int(over)
			return p.queueDocument(doc.text, doc.file, doc.gk)
		},
		"values": func(over int64) error {
			sum := sums{maxMemory: freeMemory}
			sum.values.Store(maxValues - 6 + over) // the pod, its three fields and two of metadata
			_, err := parseObject(doc, &sum)
			return err
		},
		"memory": func(over int64) error {
			sum := sums{maxMemory: 5000}
			sum.memory.Store(sum.maxMemory - memoryOf(map[string]any{
				"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "one", "namespace": "a"},
			}) + over)
			_, err := parseObject(doc, &sum)
			return err
		},
		"files": func(over int64) error {
			return acceptFile("x", layout{"x": doc.gk}, map[string]bool{}, maxEntries+int(over))
		},
	} {
		if err := exceed(0); err != nil {
			t.Errorf("%s: as many as may be: %v", name, err)
		}
		if err := exceed(1); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: one too many: %v", name, err)
		}
	}
}

// archive/tar reads files with holes, but writes none.
func TestSparseFilesAreRecognized(t *testing.T) {
	if !sparse(&tar.Header{PAXRecords: map[string]string{"GNU.sparse.major": "1"}}) {
		t.Error("a file with holes passes")
	}
	if sparse(&tar.Header{PAXRecords: map[string]string{"mtime": "1"}}) {
		t.Error("an ordinary file has holes")
	}
}
