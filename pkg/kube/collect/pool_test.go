package collect

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"
	"unsafe"
)

func decoded(t *testing.T, text string) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	return object
}

func (p *pool) decode(t *testing.T, text string) map[string]any {
	t.Helper()
	object, err := newDecoder(strings.NewReader(text), p).item(everything)
	if err != nil {
		t.Fatal(err)
	}
	return object.(map[string]any)
}

func TestPoolShares(t *testing.T) {
	p := newPool()
	a, b := p.decode(t, `{"k":"flux-system"}`), p.decode(t, `{"k":"flux-system"}`)
	if unsafe.StringData(a["k"].(string)) != unsafe.StringData(b["k"].(string)) {
		t.Error("the same text is kept twice")
	}
}

// TestPoolSaves measures the memory of a thousand similar objects.
func TestPoolSaves(t *testing.T) {
	text := `{"metadata":{"name":"bhs-application","namespace":"flux-system","labels":{"kustomize.toolkit.fluxcd.io/name":"flux-system"}},
		"spec":{"interval":"10m0s","path":"./gitops/application/bhs","sourceRef":{"kind":"GitRepository","name":"flux-system"}},
		"status":{"lastAppliedRevision":"main@sha1:1c62bf1911ee1c62bf1911ee1c62bf1911ee1c62bf1","lastAttemptedRevision":"main@sha1:1c62bf1911ee1c62bf1911ee1c62bf1911ee1c62bf1",
		"conditions":[{"type":"Ready","status":"True","reason":"ReconciliationSucceeded","lastTransitionTime":"2026-11-24T06:43:29Z","message":"Applied revision: main@sha1:1c62bf1911ee1c62bf1911ee1c62bf1"}]}}`
	weigh := func(p *pool) uint64 {
		objects := make([]map[string]any, 1000)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range objects {
			if p == nil {
				objects[i] = decoded(t, text)
			} else {
				objects[i] = p.decode(t, text)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(objects)
		return after.HeapAlloc - before.HeapAlloc
	}
	plain, saved := weigh(nil), weigh(newPool())
	t.Logf("%d bytes an object, %d pooled", plain/1000, saved/1000)
	if saved*10 > plain*9 {
		t.Errorf("pooled objects weigh %d bytes, others %d: less than a tenth is saved", saved/1000, plain/1000)
	}
}
