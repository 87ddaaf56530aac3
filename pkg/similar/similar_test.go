package similar

import "testing"

func TestNearest(t *testing.T) {
	tenants := []string{"bhs", "bhs-test", "mhr", "radiology-west"}
	for name, want := range map[string]string{
		"bsh": "bhs", "bhs-tset": "bhs-test", "mrh": "mhr", "radioligy-wst": "radiology-west", "xyz": "", "Mhr": "mhr", "radio": "radiology-west", "b": "bhs", "": "bhs", "mhrs": "mhr", "a": "",
	} {
		if got := Nearest(name, tenants); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"bhs", "bhs", 0}, {"bhs", "", 3}, {"", "bhs", 3}, {"bhs", "bsh", 2}, {"kitten", "sitting", 3}} {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("%q, %q: got %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
