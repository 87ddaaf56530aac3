package advice

import (
	"errors"
	"fmt"
	"testing"
)

func TestOf(t *testing.T) {
	cause := errors.New("tenant \"x\" does not exist")
	inner := Add(cause, "Tenants: %s.", "bhs\x1b")
	for name, test := range map[string]struct {
		err  error
		want string
		ok   bool
	}{
		"none":      {cause, "", false},
		"nil":       {nil, "", false},
		"added":     {inner, `Tenants: bhs^[.`, true},
		"wrapped":   {fmt.Errorf("reading: %w", inner), `Tenants: bhs^[.`, true},
		"outermost": {Add(inner, "Try again."), "Try again.", true},
	} {
		if text, ok := Of(test.err); text != test.want || ok != test.ok {
			t.Errorf("%s: got %q, %v, want %q, %v", name, text, ok, test.want, test.ok)
		}
	}
	if err := Add(inner, "Try again."); err.Error() != cause.Error() || !errors.Is(err, cause) {
		t.Errorf("Add changed the error: %v", err)
	}
}
