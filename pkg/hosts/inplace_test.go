package hosts

import (
	"strings"
	"testing"
)

// TestPartiallyWritten distinguishes a mixture of two contents from a content that another
// program wrote.
func TestPartiallyWritten(t *testing.T) {
	for _, c := range []struct {
		about, now, before, after string
		want                      bool
	}{
		{"old", "old", "old", "newer", false},
		{"new", "newer", "old", "newer", false},
		{"grown", "old\n\n", "old", "newer", true},
		{"half grown", "old\n", "old", "newer", true},
		{"half written", "new\n\n", "old", "newer", true},
		{"half written, shrinking", "nlder", "older", "new", true},
		{"not cut yet", "new\n\n", "older", "new", true},
		{"pages out of order", "olwer", "old\n\n", "newer", true},
		{"somebody's", "mine", "old", "newer", false},
		{"somebody's, longer", "old\n\n\n", "old", "newer", false},
		{"emptied", "", "old", "newer", false},
	} {
		if got := partiallyWritten([]byte(c.now), []byte(c.before), []byte(c.after)); got != c.want {
			t.Errorf("%s: got %v", c.about, got)
		}
	}
}

// TestRestore checks that the file that a killed program left is restored before the next write,
// even if the mixture can't be parsed or there is no other change.
func TestRestore(t *testing.T) {
	before := withTenants(t, plainHosts, "a")
	for _, c := range []struct {
		about, after string
		cut          int
		tenant       string
	}{
		{"growing", withTenants(t, before, "b"), 30, "c"},
		{"growing, at the marker", withTenants(t, before, "0"), 60, "c"},
		{"shrinking", plainHosts, 25, "c"},
		{"nothing else to change", withTenants(t, before, "b"), 70, "a"},
	} {
		size := max(len(before), len(c.after))
		pad := func(s string) string { return s + strings.Repeat("\n", size-len(s)) }
		path := hostsFile(t, pad(c.after)[:c.cut]+pad(before)[c.cut:])
		write(t, path+backupSuffix, before)
		write(t, path+inPlaceSuffix, c.after)
		got, err := Update(t.Context(), path, adding(c.tenant))
		if has := content(t, path); err != nil || !got.Restored || has != withTenants(t, before, c.tenant) {
			t.Errorf("%s: got %+v, %v; the file is %q", c.about, got, err, has)
		}
		if has := beside(t, path); has != "hosts.orthweb.bak" {
			t.Errorf("%s: there is more beside the file: %s", c.about, has)
		}
	}
}

// TestRestoreKeepsLaterChanges checks that later changes of other programs stay.
func TestRestoreKeepsLaterChanges(t *testing.T) {
	path := hostsFile(t, "# by hand\n")
	write(t, path+backupSuffix, plainHosts)
	write(t, path+inPlaceSuffix, withTenants(t, plainHosts, "a"))
	got, err := Update(t.Context(), path, adding("b"))
	if has := content(t, path); err != nil || got.Restored || has != withTenants(t, "# by hand\n", "b") {
		t.Errorf("got %+v, %v; the file is %q", got, err, has)
	}
}
