package collect

import (
	"bytes"
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// FuzzItem checks that an object is decoded as by k8s.io/apimachinery, without its
// managedFields, whatever was decoded before. Text that is not UTF-8 is rejected instead,
// because two names that differ would be the same name otherwise.
func FuzzItem(f *testing.F) {
	for _, seed := range []string{
		`{"metadata":{"name":"a","labels":{"x":"y"}},"list":[{"status":"True"},"True",1,null,2.5,false],"long":"` + strings.Repeat("z", 200) + `"}`,
		`{"metadata":{"managedFields":[{"f:a":{}}],"name":"a"},"managedFields":[1]}`, `{"metadata":[{"managedFields":1}]}`,
		`{"metadata":{"a":{"managedFields":1}}}`, `{"spec":{"metadata":{"managedFields":1}}}`,
		`[[],{},""]`, `{"a":1,"a":2}`, `{"\u0061":"\n\ud800"}`, `[-0,1e3,9223372036854775808,1.0,0.1,1E400]`, `null`, `"a"`, `{`, ` [1 , 2 ] `, "1\f", `{"A":1,"a":{}}`,
		"\"\xff\"", "{\"\xff\":1}", "{\"metadata\":{\"managedFields\":\"\xff\"}}", "[{\"a\":[\"b\\n\xed\xa0\x80\"]}]",
	} {
		f.Add([]byte(seed))
	}
	pool := newPool()
	f.Fuzz(func(t *testing.T, body []byte) {
		decoder := newDecoder(bytes.NewReader(body), pool)
		got, err := decoder.item(everything)
		if err == nil && strings.Trim(string(body[decoder.json.InputOffset():]), " \t\r\n") != "" {
			return // more than one value
		}
		if errors.Is(err, errNotUTF8) && !utf8.Valid(body) {
			return
		}
		var want any
		if wrong := json.Unmarshal(body, &want); (wrong == nil) != (err == nil) {
			t.Fatalf("the error is %v, and of apimachinery %v", err, wrong)
		}
		if err != nil {
			return
		}
		if fields, ok := want.(map[string]any); ok {
			(&unstructured.Unstructured{Object: fields}).SetManagedFields(nil)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if len(decoder.members)+len(decoder.elements) > 0 {
			t.Error("parts of the object are kept")
		}
	})
}

// TestItemSize checks that an item that is too large is rejected, whatever is in it, and that
// the next one is decoded.
func TestItemSize(t *testing.T) {
	for _, large := range []string{
		`{"metadata":{"name":"a"},"x":"` + strings.Repeat("x", maxItem) + `"}`,
		`{"metadata":{"name":"a"},"x":[` + strings.Repeat("1,", maxItem/2) + `1]}`,
	} {
		body := `{"kind":"PodList","apiVersion":"v1","items":[` + large + `,{"metadata":{"name":"b"}}]}`
		_, err := listing{fields: everything, gvk: schema.GroupVersionKind{Version: "v1", Kind: "Pod"}}.decode(request.NewBody([]byte(body)), newPool(), func(*unstructured.Unstructured, int64) error { return nil })
		if err == nil || err.Error() != "item 1 of the PodList is larger than 4 MiB" {
			t.Error(err)
		}
		if !decoding.TryLock() {
			t.Fatal("a big item is still being decoded")
		}
		decoding.Unlock()
	}
}

// TestLargePage checks that a list of few fields has large pages, and smaller ones if the first is
// too large, and that a list of whole objects which is too large fails.
func TestLargePage(t *testing.T) {
	for _, c := range []struct {
		about  string
		fields []string
		limits []string
		names  string
	}{
		{"few fields", []string{"status.phase"}, []string{"2000", "500"}, "web"},
		{"whole objects", nil, []string{"500"}, ""},
	} {
		api := fakeapi.New(t, newObject(t, "v1", "Service", "x", "web", ""))
		api.Fail("/services$", fakeapi.First(1, fakeapi.Endless()))
		snap := read(t, api, Query{GroupKind: service, Fields: c.fields})
		var limits []string
		for _, r := range api.Requests() {
			if query, err := url.ParseQuery(r.Query); err == nil && query.Has("limit") {
				limits = append(limits, query.Get("limit"))
			}
		}
		if got := names(snap, service); got != c.names || !slices.Equal(limits, c.limits) {
			t.Errorf("%s: %q after pages of %v, want %q after %v", c.about, got, limits, c.names, c.limits)
		}
		if presence(snap, service) == snapshot.Absent && c.names == "" {
			t.Errorf("%s: absence is proven", c.about)
		}
	}
}
