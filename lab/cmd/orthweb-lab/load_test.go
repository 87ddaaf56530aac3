package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/lab/load"
)

func TestStatesOfCopies(t *testing.T) {
	for _, test := range []struct {
		tenants int
		broken  string
		faults  []string
		want    string
	}{
		{4, "0", nil, "healthy healthy healthy healthy"},
		{4, "4", []string{"image", "chart"}, "image chart image chart"},
		{4, "2", []string{"image", "chart"}, "healthy image healthy chart"},
		{4, "50%", []string{"issuer"}, "healthy issuer healthy issuer"},
		{3, "1%", []string{"issuer"}, "healthy healthy issuer"},
		{0, "0", nil, ""},
		{0, "10%", load.Faults(), ""},
	} {
		got, err := (&loadOptions{tenants: test.tenants, broken: test.broken, faults: test.faults}).states()
		if err != nil || strings.Join(got, " ") != test.want {
			t.Errorf("%d, %s: %v %v, want %s", test.tenants, test.broken, got, err, test.want)
		}
	}
	for _, o := range []loadOptions{
		{tenants: -1, broken: "0"}, {tenants: load.Max + 1, broken: "0"}, {tenants: 1, broken: "2", faults: load.Faults()}, {tenants: 1, broken: "-1"},
		{tenants: 1, broken: "101%", faults: load.Faults()}, {tenants: 1, broken: "x"}, {tenants: 1, broken: "1"}, {tenants: 1, broken: "1", faults: []string{"x"}},
	} {
		if got, err := o.states(); err == nil {
			t.Errorf("%+v: %v", o, got)
		}
	}
}

func TestBrokenCopiesAreSpread(t *testing.T) {
	got, err := (&loadOptions{tenants: 1000, broken: "10%", faults: load.Faults()}).states()
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range load.Faults() {
		if i := slices.Index(got, fault); i < 0 || i >= 50 {
			t.Errorf("the first copy with %s is %d", fault, i)
		}
	}
}
