package workload

import "testing"

func TestMoves(t *testing.T) {
	for tag, want := range map[string]bool{
		"": true, "latest": true, "Latest": true, "latest-alpine": true, "alpine-latest": true, "nightly": true, "main": true, "stable": true,
		"1.0": false, "24.2.0": false, "v1": false, "main-20250101": false, "1.0-latest": false, "bookworm": false, "mainline": false,
		"sha-0a1b2c3": false,
	} {
		if got := moves(tag); got != want {
			t.Errorf("%q: %t, want %t", tag, got, want)
		}
	}
}

func TestRequired(t *testing.T) {
	for _, c := range []struct {
		least string
		pods  int64
		want  int64
	}{{"2", 3, 2}, {"100%", 3, 3}, {"67%", 3, 3}, {"66%", 3, 2}, {"0", 3, 0}, {"0%", 3, 0}, {"1%", 1, 1}, {"-1", 3, 0}, {"${LEAST}", 3, 0}} {
		if got := required(c.least, c.pods); got != c.want {
			t.Errorf("%s of %d pods: %d, want %d", c.least, c.pods, got, c.want)
		}
	}
}
