package decode

import (
	"errors"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// TestNumbersAreBounded tests the limits on numbers where they are enforced: parsing files that
// reach them would take minutes.
func TestNumbersAreBounded(t *testing.T) {
	doc := Document{Text: []byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"one","namespace":"a"}}`), File: "x", gk: schema.GroupKind{Kind: "Pod"}}
	for name, exceed := range map[string]func(over int64) error{
		"objects": func(over int64) error {
			p := StartParsing(FreeMemory)
			defer p.workers.Wait()
			defer close(p.queue)
			p.Documents = MaxObjects - 1 + int(over)
			return p.queueDocument(doc.Text, doc.File, doc.gk)
		},
		"values": func(over int64) error {
			sum := sums{maxMemory: FreeMemory}
			sum.values.Store(MaxValues - 6 + over) // the pod, its three fields and two of metadata
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
	} {
		if err := exceed(0); err != nil {
			t.Errorf("%s: as many as may be: %v", name, err)
		}
		if err := exceed(1); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: one too many: %v", name, err)
		}
	}
}
