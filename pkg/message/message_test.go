package message

import (
	"reflect"
	"testing"
)

// TestMessage checks that a Message has the result of each parser for its text, for the seeds
// of all parsers, and parses once.
func TestMessage(t *testing.T) {
	methods := reflect.TypeFor[*Message]()
	for _, each := range parsers {
		if _, ok := methods.MethodByName(each.name); !ok {
			t.Errorf("Message has no method %s", each.name)
			continue
		}
		for _, seed := range each.seeds {
			want, ok := each.parse(seed)
			m := Messages{}.Of(seed)
			for range 2 {
				got := reflect.ValueOf(m).MethodByName(each.name).Call(nil)
				if got[1].Bool() != ok || !reflect.DeepEqual(got[0].Interface(), want) {
					t.Errorf("%s of %q: got %+v, %t, want %+v, %t", each.name, seed, got[0], got[1].Bool(), want, ok)
				}
			}
		}
	}
	if methods.NumMethod() != len(parsers) {
		t.Errorf("Message has %d methods, and there are %d parsers", methods.NumMethod(), len(parsers))
	}
}

func TestMessageParsesOnce(t *testing.T) {
	calls := 0
	parse := func(text string) (string, bool) { calls++; return text, text != "" }
	var r reading[string]
	for range 3 {
		if got, ok := r.of("x", parse); got != "x" || !ok {
			t.Errorf("got %q, %t", got, ok)
		}
	}
	var empty reading[string]
	empty.of("", parse)
	empty.of("", parse)
	if calls != 2 {
		t.Errorf("parsed %d times, want once each", calls)
	}
}

func TestMessages(t *testing.T) {
	all := Messages{}
	if a, again, b := all.Of("a"), all.Of("a"), all.Of("b"); a != again || a == b {
		t.Error("a text has one Message")
	}
}
