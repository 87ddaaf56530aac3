package clusters

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// sample is a result of each kind.
func sample() []Result[int] {
	return []Result[int]{
		{Cluster: "read", Value: 1},
		{Cluster: "without bhs", Value: 2, Absent: []string{"bhs"}},
		{Cluster: "empty", Empty: true},
		{Cluster: "dead", Err: errors.New("no route")},
		{Cluster: "partial", Value: 3, Err: errors.New("forbidden"), Partial: true, Absent: []string{"mhr"}},
	}
}

func TestResults(t *testing.T) {
	if got := MissingOf(sample()); !slices.Equal(got, []Missing{{"dead", "no route"}, {"partial", "forbidden"}}) {
		t.Errorf("missing: %v", got)
	}
	for _, c := range []struct {
		names []string
		want  string
	}{
		{nil, "[read without bhs partial]"},
		{[]string{"bhs"}, "[read partial]"},
		{[]string{"mhr"}, "[read without bhs]"},
		{[]string{"bhs", "mhr"}, "[read without bhs partial]"},
	} {
		var got []string
		for _, r := range Answered(sample(), c.names) {
			got = append(got, r.Cluster)
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%v: got %v, want %s", c.names, got, c.want)
		}
	}
	if got := Nowhere([]string{"bhs", "mhr"}, sample()[1:]); len(got) > 0 {
		t.Errorf("nowhere: %v", got)
	}
	if got := Nowhere([]string{"bhs", "mhr"}, sample()[1:4]); !slices.Equal(got, []string{"bhs"}) {
		t.Errorf("nowhere: %v", got)
	}
}

func TestConvert(t *testing.T) {
	got, err := Convert(sample(), func(n int) (string, error) { return fmt.Sprint(n), nil })
	if err != nil || len(got) != 5 || got[0].Value != "1" || got[3].Value != "" || got[3].Err == nil || got[4].Value != "3" || !got[4].Partial || got[1].Absent[0] != "bhs" || !got[2].Empty {
		t.Errorf("got %+v, %v", got, err)
	}
	failed := errors.New("failed")
	if _, err := Convert(sample(), func(int) (string, error) { return "", failed }); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
}
