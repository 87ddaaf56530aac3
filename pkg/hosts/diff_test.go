package hosts

import "testing"

func TestDiff(t *testing.T) {
	before := "1\n2\n3\n4\n5\nlast"
	for _, c := range []struct{ about, after, want string }{
		{"nothing", before, ""},
		{"a line in the middle", "1\n2\n3\n4\nfour\n5\nlast", "--- hosts\n+++ hosts\n@@ -2,5 +2,6 @@\n 2\n 3\n 4\n+four\n 5\n last\n\\ No newline at end of file\n"},
		{"the last newline", before + "\n", "--- hosts\n+++ hosts\n@@ -3,4 +3,4 @@\n 3\n 4\n 5\n-last\n\\ No newline at end of file\n+last\n"},
	} {
		if got := Diff("hosts", []byte(before), []byte(c.after)); got != c.want {
			t.Errorf("%s: got\n%s, want\n%s", c.about, got, c.want)
		}
	}
}
