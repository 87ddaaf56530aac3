package tenant

import (
	"math/rand/v2"
	"testing"
)

// TestOrderDoesNotMatter adds the objects of each case to the snapshot in several orders.
func TestOrderDoesNotMatter(t *testing.T) {
	for _, path := range casePaths(t) {
		c := readCase(t, path)
		want := describe(c, c.snapshot(c.objects(t)))
		for seed := range uint64(5) {
			objects := c.objects(t)
			rand.New(rand.NewPCG(seed, 1)).Shuffle(len(objects), func(i, j int) {
				objects[i], objects[j] = objects[j], objects[i]
			})
			if got := describe(c, c.snapshot(objects)); got != want {
				t.Fatalf("%s, seed %d: got\n%s\nwant\n%s", path, seed, got, want)
			}
		}
	}
}

func TestFind(t *testing.T) {
	tenants := []Tenant{
		{Name: "bhs", Namespaces: []string{"bhs-archive", "mhr"}},
		{Name: "mhr", Namespaces: []string{"mhr-orthweb"}},
	}
	for _, c := range []struct{ requested, want string }{
		{"bhs", "bhs"},
		{"bhs-archive", "bhs"},
		{"mhr-orthweb", "mhr"},
		{"mhr", "mhr"}, // a name takes precedence over a namespace
		{"bh", ""},
	} {
		got, ok := Find(tenants, c.requested)
		if got.Name != c.want || ok != (c.want != "") {
			t.Errorf("Find(%q) = %q, %v, want %q", c.requested, got.Name, ok, c.want)
		}
	}
}
