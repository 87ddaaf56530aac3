package selection

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
